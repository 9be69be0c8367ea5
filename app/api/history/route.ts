import { z } from 'zod'
import { liveHub } from '@/lib/web/hub'
import { currentSession } from '@/lib/web/session'

export const dynamic = 'force-dynamic'

const query = z.object({
  minutes: z.coerce.number().int().min(1).max(360),
  points: z.coerce.number().int().min(10).max(5000).default(1000),
})

/** Lag history for the chart: up to six hours, thinned to at most `points`. */
export async function GET(request: Request) {
  if (!(await currentSession())) return Response.json({ error: 'Sign in to see the history.' }, { status: 401 })
  const parsed = query.safeParse(Object.fromEntries(new URL(request.url).searchParams))
  if (!parsed.success)
    return Response.json({ error: 'Ask for 1 to 360 minutes and 10 to 5000 points.' }, { status: 400 })
  const toMs = Date.now()
  try {
    const history = await liveHub().history({
      fromMs: toMs - parsed.data.minutes * 60_000,
      toMs,
      maxPoints: parsed.data.points,
    })
    return Response.json(history, { headers: { 'cache-control': 'no-store' } })
  } catch {
    return Response.json({ error: 'The history is not available: no runner responds.' }, { status: 503 })
  }
}
