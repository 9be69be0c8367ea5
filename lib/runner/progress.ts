import type { RunStep } from '../domain/run/run'
import type { StepEvent } from '../domain/run/states'
import { formatStepError, type RunContext } from './run-context'

/** What became of one piece of work: `again` = read the run and go on, `later` = look again after a while. */
export type Progress = { again: true } | { again: false; afterMs: number }
export const again: Progress = { again: true }
export const later = (afterMs: number): Progress => ({ again: false, afterMs })

/** How long a step has been in its present state, by the store's clock, ms. */
export const elapsed = (context: RunContext, step: RunStep) =>
  Math.max(0, context.run.readAt - (step.since ?? context.run.readAt))

/** Transient trouble is waited out for this long before a person is asked, ms. */
export const patienceMs = (pace: number) => 10 * 60_000 * pace + 5_000

/** Refusals of one step's call in a row, newest last: each certainly changed nothing. */
export const refusalsInARow = (context: RunContext, step: RunStep) => {
  const sent = context.run.effects.filter((e) => e.stepId === step.stepId && e.direction === 'do')
  const last = sent.findLastIndex((e) => e.outcome !== 'rejected')
  return sent.slice(last + 1)
}

/** Waits between tries of a call that is refused because the other side is too busy: 1, 2, 4 to 30 s (section 0). */
export const backoffMs = (refusals: number, pace: number) => Math.min(30_000, 1000 * 2 ** (refusals - 1)) * pace

/**
 * Does a piece of a step's work. What waiting may clear is shown and tried again after `everyMs`, for as long as the
 * patience lasts; anything else, and what lasts longer, moves the step by `event`, which asks a person. Throws TurnOver and
 * errors of our own store.
 */
export async function patiently(
  context: RunContext,
  step: RunStep,
  { everyMs, event }: { everyMs: number; event: StepEvent },
  work: () => Promise<Progress>,
): Promise<Progress> {
  try {
    return await work()
  } catch (error) {
    const { sentence, passing } = formatStepError(context, error)
    if (passing && elapsed(context, step) < patienceMs(context.world.pace)) {
      await context.tell(step, 'warning', sentence)
      return later(everyMs)
    }
    await context.say(step.stepId, 'error', sentence)
    await context.move(step, event, { sentence })
    return again
  }
}
