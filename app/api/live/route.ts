import { liveHub } from '@/lib/web/hub'
import { currentSession, sessionStillValid } from '@/lib/web/session'

export const dynamic = 'force-dynamic'

/** How often an open stream asks whether its session still stands. */
const recheckMs = 5000
/** Undelivered chunks after which a viewer is let go; it comes back and is sent what it missed. */
const backlog = 64

/** Live feed to one browser, as server-sent events with replay after `Last-Event-ID`. */
export async function GET(request: Request) {
  const session = await currentSession()
  if (!session) return Response.json({ error: 'Sign in to follow the live feed.' }, { status: 401 })
  let release = () => {}
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let open = true
        const end = () => {
          if (!open) return
          open = false
          release()
          try {
            controller.close()
          } catch {
            // The browser has gone already; there is nobody left to tell.
          }
        }
        const unsubscribe = liveHub().subscribe((bytes) => {
          if (!open) return
          if ((controller.desiredSize ?? 0) < -backlog) return end()
          controller.enqueue(bytes)
        }, request.headers.get('last-event-id'))
        const recheck = setInterval(async () => {
          if (!(await sessionStillValid(session))) end()
        }, recheckMs)
        release = () => {
          open = false
          clearInterval(recheck)
          unsubscribe()
        }
        request.signal.addEventListener('abort', end)
      },
      cancel() {
        release()
      },
    },
    { highWaterMark: 16 },
  )
  return new Response(stream, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    },
  })
}
