import type { RunStep } from '../domain/run/run'
import type { RunInHand } from './hand'

/** What became of one piece of work: `again` = read the run and go on, `later` = look again after a while. */
export type Progress = { again: true } | { again: false; afterMs: number }
export const again: Progress = { again: true }
export const later = (afterMs: number): Progress => ({ again: false, afterMs })

/** How long a step has been in its present state, by the store's clock, ms. */
export const elapsed = (hand: RunInHand, step: RunStep) =>
  Math.max(0, hand.run.readAt - (step.since ?? hand.run.readAt))

/** Transient trouble is waited out for this long before a person is asked, ms. */
export const patienceMs = (pace: number) => 10 * 60_000 * pace + 5_000
