import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LiveHub } from './live-hub'
import type { CurrentSession } from './session-reader'

/** How often the sessions behind the open streams are asked whether they still stand: all in one question. */
const recheckMs = 5000
/** Undelivered bytes after which a viewer is let go; it comes back and is sent what it missed. */
const mostWaiting = 512 * 1024

interface LiveStreamSources {
  hub: Pick<LiveHub, 'subscribe'>
  /** Who asks, or null; from the request's cookie alone. */
  look(cookies: string): Promise<Pick<CurrentSession, 'id'> | null>
  /** Which of the sessions, by id, still stand. */
  standing(ids: string[]): Promise<Set<string>>
  onError(error: unknown): void
}

interface Viewer {
  id: string
  response: ServerResponse
}

/**
 * The live feed to browsers, as server-sent events with replay after `Last-Event-ID`. Served beside the pages and not by
 * them: a thousand viewers then cost one small object and one write each, not a chain of streams.
 */
export class LiveStreams {
  private readonly viewers = new Set<Viewer>()
  private readonly timer: NodeJS.Timeout
  private checking = false

  constructor(private readonly sources: LiveStreamSources) {
    this.timer = setInterval(() => void this.recheck(), recheckMs)
    this.timer.unref()
  }

  close(): void {
    clearInterval(this.timer)
    for (const viewer of this.viewers) viewer.response.end()
  }

  /** Answers one request for the feed: 401 without a session that stands, else the stream until either side leaves. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET') return refuse(response, 405, 'The live feed is read with GET.')
    let session: Pick<CurrentSession, 'id'> | null
    try {
      session = await this.sources.look(request.headers.cookie ?? '')
    } catch (error) {
      this.sources.onError(error)
      return refuse(response, 503, 'Your session cannot be checked right now. Try again in a moment.')
    }
    if (!session) return refuse(response, 401, 'Sign in to follow the live feed.')
    if (response.destroyed) return
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    const viewer = { id: session.id, response }
    this.viewers.add(viewer)
    const lastEventId = request.headers['last-event-id']
    const unsubscribe = this.sources.hub.subscribe(
      (bytes) => {
        if (response.destroyed || response.writableEnded) return
        if (response.writableLength > mostWaiting) response.destroy()
        else response.write(bytes)
      },
      typeof lastEventId === 'string' ? lastEventId : null,
    )
    response.once('close', () => {
      unsubscribe()
      this.viewers.delete(viewer)
    })
    if (response.destroyed) response.emit('close')
  }

  /** Ends the streams whose sessions were revoked, ran out or belong to somebody disabled. */
  async recheck(): Promise<void> {
    if (this.checking || this.viewers.size === 0) return
    this.checking = true
    try {
      const before = [...this.viewers]
      const standing = await this.sources.standing([...new Set(before.map((viewer) => viewer.id))])
      for (const viewer of before) if (!standing.has(viewer.id)) viewer.response.end()
    } catch (error) {
      // Not known is not a yes for ever: whoever cannot be asked about is asked about again with the next round.
      this.sources.onError(error)
    } finally {
      this.checking = false
    }
  }
}

function refuse(response: ServerResponse, status: number, error: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify({ error }))
}
