import type { WallPicture, WallRegion } from '../../lib/domain/wall/picture'
import type { WallSight } from '../../lib/domain/wall/says'
import { presentRegion } from '../../lib/web/present/regions'
import { StateWord } from '../ui/state'

/** Both regions side by side; nothing where no collector in the other region is set up. */
export function WallRegions({ regions, sight }: { regions: WallPicture['regions'] | null; sight: WallSight }) {
  const { value = null } = regions ?? {}
  if (!value) return null
  return (
    <div className="finding flex flex-wrap gap-x-10">
      <Region region={value.home} hidden={sight.dead} />
      <Region region={value.elsewhere} hidden={sight.dead} />
    </div>
  )
}

function Region({ region: { name, votes }, hidden }: { region: WallRegion; hidden: boolean }) {
  const { state, word, says } = presentRegion(hidden ? [] : votes.map((vote) => ({ vote })))
  return (
    <span className="flex items-center gap-4">
      {name} <StateWord state={state} word={word} /> {says}
    </span>
  )
}
