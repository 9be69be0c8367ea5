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

/** Beside a run between regions: how each is, how many resolvers answer with it, and where the application's sessions are. */
export function WallTraffic({ picture, sight }: { picture: WallPicture; sight: WallSight }) {
  const { regions, traffic, nodes } = picture
  const { home, elsewhere } = regions.value ?? {}
  const shown = [home, elsewhere].flatMap((region) => region ?? [])
  const names =
    shown.length > 0 ? shown : [...new Set(nodes.map(({ region }) => region))].map((name) => ({ name, votes: [] }))
  const { answers } = traffic
  return (
    <table
      className="h-full w-full border-separate border-spacing-0 rounded-[14px] border-2 border-border-2 bg-surface-2 text-left text-[26px] leading-9 [&_td]:px-5 [&_th]:px-5"
      aria-label="Regions and traffic"
    >
      <thead className="text-24 text-text-2">
        <tr>
          {['Region', 'Services', 'DNS answers', 'Sessions'].map((title, i) => (
            <th key={title} scope="col" className={i > 1 ? 'text-right font-medium' : 'font-medium'}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {names.map(({ name, votes }) => {
          const look = presentRegion(sight.dead ? [] : votes.map((vote) => ({ vote })))
          const sessions = traffic.sessions.find(({ region }) => region === name)?.count ?? null
          return (
            <tr key={name}>
              <th scope="row" className="font-semibold">
                {name}
              </th>
              <td className="whitespace-nowrap">
                <StateWord state={look.state} word={look.word} />
              </td>
              <td className="num text-right">
                {sight.dead || answers === null ? 'unknown' : `${answers.byRegion[name] ?? 0} of ${answers.of}`}
              </td>
              <td className="num text-right">{sight.dead || sessions === null ? 'unknown' : sessions}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
