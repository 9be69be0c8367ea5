import { regionsOf } from '../domain/cluster/region'
import type { RegionsView } from '../domain/cluster/types'
import type { Tempo } from './tempo'
import type { World } from './world'

/** Both regions as the collector in the other one sees them; null where there is none. */
export const regionsSeen = ({ vantage }: World, now: number, tempo: Tempo): RegionsView | null =>
  vantage && regionsOf(vantage, tempo.vantageMs, now)
