import { liveHub } from '@/lib/web/hub'
import { currentSession } from '@/lib/web/session'

export const dynamic = 'force-dynamic'

/** The newest snapshot, for the first paint and for polling while the live feed is silent. */
export async function GET() {
  if (!(await currentSession())) return Response.json({ error: 'Sign in to see the cluster.' }, { status: 401 })
  const hub = liveHub()
  return Response.json(
    { snapshot: hub.snapshot(), feed: hub.status().leader !== null },
    { headers: { 'cache-control': 'no-store' } },
  )
}
