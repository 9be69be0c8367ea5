import { Wall } from '@/components/wall/wall'
import { WallProviders } from '@/components/wall/wall-providers'
import { castmatch } from '@/lib/config/castmatch'
import { buildId } from '@/lib/web/build'

export const metadata = { title: 'Wall', referrer: 'no-referrer' }

/** Opened by a revocable link without a sign-in, or by whoever is signed in. What may be seen is decided where it is read. */
export default async function WallPage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const { link } = await searchParams
  return (
    <WallProviders>
      <Wall link={typeof link === 'string' ? link : null} build={buildId()} rpo={castmatch.objectives.rpo} />
    </WallProviders>
  )
}
