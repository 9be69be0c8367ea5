import type { LagPoint, Mark } from '../domain/cluster/types'

/** One minute of write probes, from which the monthly availability is counted. `minute` is its start, ms. */
export interface ProbeMinute {
  minute: number
  probes: number
  failed: number
}

/**
 * History of samples in the store: full resolution (1 Hz) for 6 h, thinned to one point a minute for 30 days by
 * housekeeping. All writes are idempotent on their time, so that a batch may be sent again. Rejects when the store is away.
 */
export interface LagHistoryStore {
  append(environment: string, points: LagPoint[]): Promise<void>
  /** Points of a span, oldest first, at most `maxPoints` (thinned evenly when there are more). */
  read(environment: string, fromMs: number, toMs: number, maxPoints: number): Promise<LagPoint[]>
  appendMarks(environment: string, marks: Mark[]): Promise<void>
  readMarks(environment: string, fromMs: number, toMs: number): Promise<Mark[]>
  /** Saves minutes; when one exists already, the greater of each figure is kept, so that a resend changes nothing. */
  saveMinutes(environment: string, minutes: ProbeMinute[]): Promise<void>
  readMinutes(environment: string, fromMs: number, toMs: number): Promise<ProbeMinute[]>
}
