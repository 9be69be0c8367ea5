import { diagnoseRegion, regionsOf, withRegion } from '../domain/cluster/region'
import type { Diagnosis, NodeView, RegionsView } from '../domain/cluster/types'
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
      healthIssue: world.healthIssue,
    },
    tempo.region,
  )
  world.region = state
  return withRegion(writer, finding)
}

/** A node that is out of reach with its region: whether it lives, nobody can say. */
export const hiddenByRegion = (view: NodeView, { kind }: Diagnosis, home: string, answering: boolean): NodeView =>
  kind === 'region-outage' && view.region === home && !answering
    ? { ...view, state: 'unknown', stateDetail: 'region not responding' }
    : view
