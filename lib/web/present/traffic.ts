import type { Traffic, TrafficAnswer, TrafficName, TrafficSessions } from '../../domain/cluster/traffic'
import { placeOf } from '../../domain/cluster/traffic'
import type { Snapshot } from '../../domain/cluster/types'
import type { ResolverKind } from '../../domain/names/types'
import { listWords } from '../../domain/units'
import type { State } from './state'

interface Look {
  state: State
  word: string
}

/** The region that is down, as far as it was found; null while none is. */
export const downRegion = ({ diagnosis, environment }: Pick<Snapshot, 'diagnosis' | 'environment'>): string | null =>
  diagnosis.kind === 'region-outage' ? environment.region : null

/** A region that traffic reaches: fine while it is not the one that is down. */
const inRegion = (region: string, down: string | null): Look => ({
  state: region === down ? 'problem' : 'ok',
  word: region,
})

export const resolverWords: Record<ResolverKind, string> = {
  authoritative: 'Name server',
  cluster: 'Cluster resolver',
  public: 'Public resolver',
}

/** What one resolver answers. */
export function presentAnswer({ region, empty, error }: TrafficAnswer, down: string | null): Look {
  if (error !== null) return { state: 'unknown', word: 'NO ANSWER' }
  if (empty) return { state: 'problem', word: 'NO ADDRESS' }
  return region === null ? { state: 'unknown', word: 'REGION UNKNOWN' } : inRegion(region, down)
}

/** Where a name resolves to, by all that answer. */
export function presentName(name: Pick<TrafficName, 'answers'>, down: string | null): Look {
  const place = placeOf(name)
  switch (place.kind) {
    case 'one':
      return inRegion(place.region, down)
    case 'several':
      return { state: 'lagging', word: 'TWO REGIONS' }
    case 'none':
      return { state: 'problem', word: 'NO ADDRESS' }
    case 'unknown':
      return { state: 'unknown', word: 'UNKNOWN' }
    default:
      return place satisfies never
  }
}

/** How many resolvers answer this region, of those that were asked: "3 of 4". */
export const answersIn = ({ answers }: Pick<TrafficName, 'answers'>, region: string): string =>
  `${answers.filter((answer) => answer.region === region).length} of ${answers.length}`

export const sessionWords = ({ region, count }: TrafficSessions): string =>
  count === null ? `unknown in ${region}` : `${count} in ${region}`

function nameSentence(names: readonly TrafficName[], error: string | null): string {
  if (names.length === 0) return error ?? 'Where the names resolve to is unknown.'
  const places = names.map((name) => ({ name: name.name, place: placeOf(name) }))
  const unknown = places.flatMap(({ name, place }) => (place.kind === 'unknown' ? name : []))
  if (unknown.length > 0)
    return `Where ${listWords(unknown)} ${unknown.length === 1 ? 'resolves' : 'resolve'} to is unknown.`
  const none = places.flatMap(({ name, place }) => (place.kind === 'none' ? name : []))
  if (none.length > 0) return `${listWords(none)} ${none.length === 1 ? 'has' : 'have'} no address.`
  const regions = new Set(
    places.flatMap(({ place }) =>
      place.kind === 'one' ? place.region : place.kind === 'several' ? place.regions : [],
    ),
  )
  return `${names.length === 1 ? 'The name resolves' : 'Names resolve'} to ${listWords([...regions])}.`
}

/** All of it in a state and a sentence; `loud` when a reader should see the details at once. */
export function presentTraffic(
  { names, sessions }: Traffic,
  { home, down, error }: { home: string; down: string | null; error: string | null },
): { state: State; word: string; says: string; loud: boolean } {
  const looks = names.map((name) => presentName(name, down))
  const count = sessions.length === 0 ? '' : ` Application sessions: ${listWords(sessions.map(sessionWords))}.`
  const says = `${nameSentence(names, error)}${count}`
  const away = names.some((name) => name.answers.some(({ region }) => region !== null && region !== home))
  const is = (state: State, word: string) => ({ state, word, says, loud: state !== 'ok' || away })
  if (names.length === 0) return { ...is('unknown', 'UNKNOWN'), loud: false }
  const problem = looks.find(({ state }) => state === 'problem')
  if (problem) return is('problem', problem.word === down ? 'DOWN REGION' : problem.word)
  const worst = looks.find(({ state }) => state === 'unknown') ?? looks.find(({ state }) => state === 'lagging')
  if (worst) return is(worst.state, worst.word)
  const places = new Set(looks.map(({ word }) => word))
  return places.size === 1 ? is('ok', looks[0]?.word ?? '') : is('lagging', 'TWO REGIONS')
}
