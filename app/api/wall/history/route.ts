import { liveHub } from '@/lib/web/hub'
import { mayLookAtWall } from '@/lib/web/readers/wall'

export const dynamic = 'force-dynamic'

/** Lag of the last 15 minutes for the wall's chart. */
export async function GET(request: Request) {
  const headers = { 'cache-control': 'no-store' }
  try {
    if (!(await mayLookAtWall(new URL(request.url).searchParams.get('link'))))
      return Response.json({ error: 'This link to the wall does not stand any more.' }, { status: 401, headers })
    const toMs = Date.now()
    return Response.json(await liveHub().history({ fromMs: toMs - 15 * 60_000, toMs, maxPoints: 900 }), { headers })
  } catch {
    return Response.json({ error: 'No runner answers, so the history cannot be read now.' }, { status: 503, headers })
  }
}
