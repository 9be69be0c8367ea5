import type { Estimate, Stage } from '../procedure/types'
import { plural } from '../units'
import { criticalPath } from './critical-path'
import { stagesOf } from './stage'
import type { RunState } from './states'

/** What a step took in finished runs of this environment. Seconds. */
export interface OwnFigure {
  runs: number
  p50Seconds: number
  p90Seconds: number
}

/** A step that is still to be done, or under way for `runningMs`. */
export interface OpenStep {
  estimate: Estimate | null
  own: OwnFigure | null
  runningMs: number
  /** With whose other steps it runs at the same time; null for a step that runs alone. */
  stage: Stage | null
}

/** Time that remains, and in words where the figure comes from. */
export interface Remaining extends Estimate {
  basis: string
}

/** Time that remains of a run, or why nobody can say. */
export type Forecast = ({ known: true } & Remaining) | { known: false; why: string }

/** Fewer runs than this say nothing about the next one. */
const enoughRuns = 3

/**
 * Time that remains of a run: for each open step the p50 and p90 of past runs when there are enough of them, else the
 * runbook's estimate. Steps that run at the same time count by their critical path. The ninetieth percentiles are added up,
 * which is rather too long than too short. Source: procedures, section 6, live forecast.
 */
export function remainingOf(steps: readonly OpenStep[]): Remaining {
  let [own, fewest] = [0, Number.POSITIVE_INFINITY]
  const leftOf = (step: OpenStep): { low: number; high: number } => {
    const figure = step.own && step.own.runs >= enoughRuns ? step.own : null
    if (figure) {
      own += 1
      fewest = Math.min(fewest, figure.runs)
    }
    const gone = step.runningMs / 1000
    return {
      low: Math.max(0, (figure ? figure.p50Seconds : (step.estimate?.lowSeconds ?? 0)) - gone),
      high: Math.max(0, (figure ? figure.p90Seconds : (step.estimate?.highSeconds ?? 0)) - gone),
    }
  }
  let [low, high] = [0, 0]
  for (const stage of stagesOf(steps)) {
    // What is under way has its place already.
    const left = stage.toSorted((a, b) => b.runningMs - a.runningMs).map(leftOf)
    const atOnce = stage[0].stage?.atOnce ?? 1
    low += criticalPath(
      left.map((each) => each.low),
      atOnce,
    )
    high += criticalPath(
      left.map((each) => each.high),
      atOnce,
    )
  }
  const basis =
    steps.length === 0
      ? 'No step remains.'
      : own === 0
        ? 'By runbook estimates: no past runs yet.'
        : own === steps.length
          ? `By p50 and p90 of at least ${fewest} past ${plural(fewest, 'run')}.`
          : `By past runs for ${own} of ${steps.length} steps, by runbook estimates for the rest.`
  return { lowSeconds: low, highSeconds: high, basis }
}

/** What a procedure takes from its start: by past runs when there are enough of them, else by the runbook. */
export const wholeOf = (runbook: Estimate, past: OwnFigure | null): Remaining =>
  past && past.runs >= enoughRuns
    ? {
        lowSeconds: past.p50Seconds,
        highSeconds: past.p90Seconds,
        basis: `By p50 and p90 of ${past.runs} past ${plural(past.runs, 'run')}.`,
      }
    : { ...runbook, basis: 'By runbook estimates: no past runs yet.' }

/**
 * The one estimate of a run, for every screen: what the whole takes (`whole`, as the decision sheet said before the start), less the
 * share of its steps that are done. There is none while people have to decide, and none after the recovery.
 */
export function forecastOf(
  run: { state: RunState; restoredAt: number | null; undecided: boolean },
  steps: readonly (OpenStep & { settled: boolean })[],
  whole: Remaining,
): Forecast {
  const no = (why: string): Forecast => ({ known: false, why })
  if (run.restoredAt !== null) return no('Writes have been restored.')
  switch (run.state) {
    case 'stopped':
    case 'done':
    case 'aborted':
      return no('The run is over.')
    case 'paused':
      return no('The run is paused. There is no estimate until it continues.')
    case 'needs-person':
      return no('A step needs a decision. There is no estimate until then.')
    case 'preparing':
    case 'running':
    case 'waiting': {
      if (run.undecided) return no('A step needs a decision. There is no estimate until then.')
      const all = remainingOf(steps.map((step) => ({ ...step, runningMs: 0 })))
      const left = remainingOf(steps.filter(({ settled }) => !settled))
      const share = (part: number, of: number) => (of > 0 ? part / of : 0)
      const highSeconds = whole.highSeconds * share(left.highSeconds, all.highSeconds)
      return {
        known: true,
        lowSeconds: Math.min(highSeconds, whole.lowSeconds * share(left.lowSeconds, all.lowSeconds)),
        highSeconds,
        basis: whole.basis,
      }
    }
  }
}
