import type { LagPoint, Mark, Snapshot } from './types'

/**
 * The internal live feed, runner -> web -> browser, as server-sent events. `snapshot` is a state: only the newest
 * matters and it is sent whole on connect. `lag`, `mark` and `changed` are events: they carry an id
 * `<epoch>-<n>` and are replayed after a reconnect from the hub's ring.
 */
export type FeedEvent =
  | { type: 'snapshot'; data: Snapshot }
  | { type: 'lag'; id: string; data: LagPoint }
  | { type: 'mark'; id: string; data: Mark }
  /** Something in the store changed; readers fetch it again by id. */
  | { type: 'changed'; id: string; data: { what: string; ids: string[] } }

/** First line of a runner's feed: who speaks, and whether it leads the collection. */
export interface FeedHello {
  runner: string
  leader: boolean
  epoch: number
  version: string
}

/** What the chart loads: columns are shorter than rows of objects and go straight into the chart. */
export interface LagHistory {
  fromMs: number
  toMs: number
  stepMs: number
  at: number[]
  /** Per node, aligned with `at`; null is a gap. */
  series: Record<string, { seconds: (number | null)[]; bytes: (number | null)[] }>
  marks: Mark[]
}
