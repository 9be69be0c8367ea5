import { cookies } from 'next/headers'
import { Wall } from '@/components/wall/wall'
import { WallProviders } from '@/components/wall/wall-providers'
import { castmatch } from '@/lib/config/castmatch'
import { wallKey, wallLagKey } from '@/lib/queries/keys'
import { buildId } from '@/lib/web/build'
import { wallCookie } from '@/lib/web/cookies'
import { webEnv } from '@/lib/web/env'
import { handOver } from '@/lib/web/hand-over'
import { firstWall } from '@/lib/web/wall'

export const metadata = { title: 'Wall', referrer: 'no-referrer' }

/** Opened by a revocable link without a sign-in, or by whoever is signed in. What may be seen is decided where it is read. */
export default async function WallPage() {
  const first = await firstWall((await cookies()).get(wallCookie(webEnv().NEXTAUTH_URL))?.value ?? null)
  const facts = await handOver([wallKey, first && { ...first.answer, heard: null }], [wallLagKey, first?.lag])
  return (
    <WallProviders facts={facts}>
      <Wall build={buildId()} rpo={castmatch.objectives.rpo} />
    </WallProviders>
  )
}
