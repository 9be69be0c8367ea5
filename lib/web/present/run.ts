import type { Check, RunMode, Stage } from '../../domain/procedure/types'
import { type RunState, runIsOver, type StepState } from '../../domain/run/states'
import type { State } from './state'

/** A step's state in the product's one vocabulary. */
export function presentStep(state: StepState): { state: State; word: string } | null {
  switch (state) {
    case 'pending':
      return null
    case 'checking':
      return { state: 'working', word: 'CHECKING' }
    case 'waiting':
      return { state: 'waiting', word: 'WAITING' }
    case 'acting':
      return { state: 'working', word: 'ACTING' }
    case 'verifying':
      return { state: 'working', word: 'VERIFYING' }
    case 'confirmed':
      return { state: 'ok', word: 'CONFIRMED' }
    case 'already-so':
      return { state: 'ok', word: 'ALREADY DONE' }
    case 'failed':
      return { state: 'problem', word: 'FAILED' }
    case 'by-hand':
      return { state: 'waiting', word: 'MANUAL' }
    case 'unknown':
      return { state: 'unknown', word: 'UNKNOWN' }
    case 'skipped':
      return { state: 'skipped', word: 'SKIPPED' }
    case 'undoing':
      return { state: 'working', word: 'UNDOING' }
    case 'undone':
      return { state: 'skipped', word: 'UNDONE' }
  }
}

export function presentRun(state: RunState): { state: State; word: string } {
  switch (state) {
    case 'preparing':
      return { state: 'working', word: 'PREPARING' }
    case 'running':
      return { state: 'working', word: 'RUNNING' }
    case 'waiting':
      return { state: 'waiting', word: 'WAITING FOR APPROVAL' }
    case 'paused':
      return { state: 'waiting', word: 'PAUSED' }
    case 'needs-person':
      return { state: 'problem', word: 'NEEDS A DECISION' }
    case 'stopped':
      return { state: 'skipped', word: 'STOPPED' }
    case 'done':
      return { state: 'ok', word: 'DONE' }
    case 'aborted':
      return { state: 'problem', word: 'NOT STARTED' }
  }
}

/** The steps of a run that failed and wait for a person, as a chip in its header; null while none does. */
export function presentFailed(
  state: RunState,
  steps: readonly { state: StepState; index: number }[],
): { state: State; word: string } | null {
  const failed = runIsOver(state) ? [] : steps.filter((step) => step.state === 'failed')
  if (failed.length === 0) return null
  const numbers = failed.map(({ index }) => index + 1)
  return {
    state: 'problem',
    word: numbers.length === 1 ? `STEP ${numbers[0]} FAILED` : `STEPS ${numbers.join(', ')} FAILED`,
  }
}

/** How people call a run: the end of its id, which tells it from the others of the same minute. */
export const runName = (id: string): string => id.split('-').at(-1) ?? id

export const checkLooks: Record<Check['result'], { state: State; word: string }> = {
  pass: { state: 'ok', word: 'OK' },
  warn: { state: 'lagging', word: 'WARN' },
  block: { state: 'problem', word: 'BLOCKED' },
}

export const modeWords: Record<RunMode, string> = { real: 'REAL', drill: 'DRILL', 'dry-run': 'DRY RUN' }

/** How the steps of a stage run, and what happens when one fails. */
export function stageWords({ atOnce, whenOneFails }: Stage): string {
  const fails = whenOneFails === 'others-hold' ? 'no other starts' : 'the others are finished'
  return `at the same time, ${atOnce} at most; when one fails, ${fails}`
}

/** How long the steps of a stage have taken together, and what they would have taken one after the other; null before one began. */
export function stageTimes(
  steps: readonly { startedAt: number | null; finishedAt: number | null }[],
  now: number,
): { togetherMs: number; oneByOneMs: number } | null {
  const spans = steps.flatMap(({ startedAt, finishedAt }) =>
    startedAt === null ? [] : [{ from: startedAt, to: Math.max(startedAt, finishedAt ?? now) }],
  )
  if (spans.length === 0) return null
  const end = Math.max(...spans.map(({ to }) => to))
  return {
    togetherMs: end - Math.min(...spans.map(({ from }) => from)),
    oneByOneMs: spans.reduce((ms, { from, to }) => ms + to - from, 0),
  }
}

/** What remains, as every screen says it: past a minute the seconds of an estimate say nothing. */
export function formatRemaining({ lowSeconds, highSeconds }: { lowSeconds: number; highSeconds: number }): string {
  const whole = (s: number) => (s < 60 ? Math.round(s) : Math.round(s / 60) * 60)
  return formatEstimate({ lowSeconds: whole(lowSeconds), highSeconds: whole(highSeconds) })
}

/** "5 to 10 min", "2 min", "30 s". */
export function formatEstimate({ lowSeconds, highSeconds }: { lowSeconds: number; highSeconds: number }): string {
  const part = (s: number) => (s < 60 ? `${Math.round(s)} s` : `${Number((s / 60).toFixed(s % 60 ? 1 : 0))} min`)
  if (Math.round(lowSeconds) === Math.round(highSeconds)) return part(lowSeconds)
  if (lowSeconds >= 3600 && highSeconds % 3600 === 0)
    return `${Number((lowSeconds / 3600).toFixed(1))}–${highSeconds / 3600} h`
  if (lowSeconds >= 60) return `${Number((lowSeconds / 60).toFixed(0))}–${part(highSeconds)}`
  return `${part(lowSeconds)} to ${part(highSeconds)}`
}
