import { diagnoseRegion, regionsOf, withRegion } from '../domain/cluster/region'
import { isWriterElsewhere } from '../domain/cluster/serving'
import type { Diagnosis, NodeView, RegionsView } from '../domain/cluster/types'
import { listWords } from '../domain/units'
import type { Tempo } from './tempo'
import type { Origin, World } from './world'

/** Both regions as the collector in the other one sees them; null where there is none. */
export const regionsSeen = ({ vantage }: World, now: number, tempo: Tempo): RegionsView | null =>
  vantage && regionsOf(vantage, tempo.vantageMs, now)

/** An outage of the home region takes precedence over what is found of its writer. */
export function judgeRegion(
  world: World,
  { environment: { region, drRegion } }: Origin,
  regions: RegionsView,
  writer: Diagnosis,
  now: number,
  tempo: Tempo,
): Diagnosis {
  const { error, okAt } = world.inventory
  const silent = error !== null || world.apiSilentSince !== null
  const { state, finding } = diagnoseRegion(
    world.region,
    {
      ...regions,
      now,
      region,
      drRegion,
      homeApi: silent ? 'silent' : okAt === null ? 'unknown' : 'answers',
      healthIssue: openIssue(world.platformEvents, region, now, tempo.networkMs),
    },
    tempo.region,
  )
  world.region = state
  return withRegion(writer, finding, isWriterElsewhere(world) ? drRegion : null)
}

/** What AWS says is wrong in a region, in a sentence; null where nothing is, or where that was not heard lately. */
export function openIssue(
  events: World['platformEvents'],
  region: string,
  now: number,
  everyMs: number,
): string | null {
  if (!events?.value || events.okAt === null || now - events.okAt > 3 * everyMs) return null
  const services = events.value
    .filter((e) => e.region === region && e.category === 'issue')
    .map(({ service }) => service)
  const named = [...new Set(services)].sort()
  return named.length === 0 ? null : `AWS Health reports an open issue of ${listWords(named)} in ${region}.`
}

/** A node that is out of reach with its region: whether it lives, nobody can say. */
export const hiddenByRegion = (view: NodeView, { kind }: Diagnosis, home: string, answering: boolean): NodeView =>
  kind === 'region-outage' && view.region === home && !answering
    ? { ...view, state: 'unknown', stateDetail: 'region not responding' }
    : view
