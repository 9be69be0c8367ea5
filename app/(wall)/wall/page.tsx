import { Wall } from '@/components/wall/wall'
import { WallProviders } from '@/components/wall/wall-providers'
import { castmatch } from '@/lib/config/castmatch'
import { buildId } from '@/lib/web/build'

export const metadata = { title: 'Wall', referrer: 'no-referrer' }

/** Opened by a revocable link without a sign-in, or by whoever is signed in. What may be seen is decided where it is read. */
export default function WallPage() {
  return (
    <WallProviders>
      <Wall build={buildId()} rpo={castmatch.objectives.rpo} />
    </WallProviders>
  )
}
