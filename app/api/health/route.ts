import { buildId } from '@/lib/web/build'
import { liveHub } from '@/lib/web/hub'

export const dynamic = 'force-dynamic'

/** Is this web process up, which build is it, and does a leading runner feed it? Says nothing about the guarded cluster. */
export function GET() {
  const { leader, runners } = liveHub().status()
  return Response.json({
    ok: true,
    build: buildId(),
    feed: leader !== null,
    runners: runners.filter((r) => r.connected).length,
  })
}
