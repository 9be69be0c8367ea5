import { waitingOf } from '../domain/run/decision'
import { lastEffect, type RunStep } from '../domain/run/run'
import { type AnyStep, type Observation, paced, pacedLimit } from '../procedures/contract'
import { addFacts, type RecordedMove } from '../store/run-moves'
import { again, elapsed, later, type Progress, patienceMs } from './progress'
import { formatStepError, type RunContext } from './run-context'
import { waitsUntil } from './waits'

/** `unknown`: looks for a bounded time; it never sends again by itself, a lost runner's unanswered intent apart. */
export async function observeUnknown(context: RunContext, step: RunStep, definition: AnyStep): Promise<Progress> {
  const { world, ctx } = context
  const every = paced(world, definition.everyMs)
  let seen: Observation
  try {
    seen = definition.observe
      ? await definition.observe(world, ctx)
      : { state: 'not-started', says: 'There is nothing to see of it.' }
  } catch (error) {
    const { sentence } = formatStepError(context, error)
    await context.tell(step, 'warning', sentence)
    // What cannot be seen is not "unchanged": a person is asked only after the longer time.
    if (elapsed(context, step) < patienceMs(world.pace)) return later(every)
    await context.move(step, 'unchanged', {
      sentence: formatUnseen(sentence, lastEffect(context.run, step)?.message ?? null),
    })
    return again
  }
  if (seen.state === 'done') await context.move(step, 'found-done', { sentence: seen.says, facts: seen.facts })
  else if (seen.state === 'in-flight')
    await context.move(step, 'found-in-flight', { sentence: seen.says, facts: seen.facts })
  else if (seen.state === 'conflict') await context.move(step, 'refused', { sentence: seen.says, facts: seen.facts })
  else if (elapsed(context, step) < paced(world, definition.settleMs ?? 60_000)) return later(every)
  else if (step.crashed) await context.move(step, 'settled')
  else {
    const answer = lastEffect(context.run, step)?.message ?? null
    await context.move(step, 'unchanged', { sentence: formatUnchanged(seen.says, answer) })
  }
  return again
}

/** A call had no certain answer, or only a part of it was done, and the step is still not done: how it is, and what was answered. */
export const formatUnchanged = (seen: string, answer: string | null): string =>
  `Not done in the allowed time. ${seen}${answer === null ? '' : ` ${answer}`} Choose what to do.`

/** A call had no certain answer, and nobody could look: why not, and what was answered. */
export const formatUnseen = (error: string, answer: string | null): string =>
  `Whether it happened is unknown: ${error}${answer === null ? '' : ` ${answer}`} Choose what to do.`

/** `verifying`, of the gate: the answer that let it through is its proof. */
export function proofOfGate(context: RunContext, step: RunStep): RecordedMove {
  const approval = context.run.approvals.findLast((a) => a.state === 'approved')
  const sentence = approval
    ? `${approval.kind === 'break-glass' ? 'Break-glass' : 'Approved'} by ${approval.decidedBy?.name ?? 'a person'}.`
    : step.sentence
  return context.stepMove(step, approval ? 'proved' : 'proved-untouched', { sentence })
}

/** `verifying`: looks until enough looks in a row agree, or the time is up. */
export async function verify(
  context: RunContext,
  step: RunStep,
  definition: AnyStep,
  agreed: { looks: number },
): Promise<Progress> {
  const { world, ctx, run } = context
  if (definition.asks) {
    await context.makeMoves(proofOfGate(context, step))
    return again
  }
  // What people added to a wait does not count as time spent.
  const spent = Math.max(0, elapsed(context, step) - (waitingOf(run.facts, step)?.extendedMs ?? 0))
  const limit = pacedLimit(world, definition.forMs)
  try {
    const look = await definition.verify(world, ctx, spent / world.pace)
    context.learn(look.facts)
    agreed.looks = look.state === 'proved' ? agreed.looks + 1 : 0
    if (look.state === 'proved' && agreed.looks >= (definition.agreeing ?? 1)) {
      await context.say(step.stepId, 'verified', look.says)
      const untouched = definition.effect !== 'READ' && !step.touched
      await context.move(step, untouched ? 'proved-untouched' : 'proved', { sentence: look.says, facts: look.facts })
      return again
    }
    if (look.state === 'failed') {
      await context.say(step.stepId, 'error', look.says)
      await context.move(step, 'disproved', { sentence: look.says, facts: look.facts })
      return again
    }
    if (look.facts) await addFacts(context.engine.store, context.fence(), run.id, look.facts)
    if (look.waitsMs !== undefined) await waitsUntil(context, step, look.waitsMs)
    await context.tell(step, 'verified', look.says)
  } catch (error) {
    agreed.looks = 0
    await context.tell(step, 'warning', formatStepError(context, error).sentence)
  }
  if (spent >= limit) {
    await context.move(step, 'disproved', { sentence: `The proof did not come in time. Last seen: ${step.sentence}` })
    return again
  }
  return later(nextLook(paced(world, definition.everyMs), spent, agreed.looks > 0))
}

/**
 * When to look again, ms: soon after the act, since what clients wait for is mostly done by then, and rarer the longer it
 * takes, up to the step's own interval; looks that are to agree follow each other closely. Never under 40 ms.
 */
export function nextLook(everyMs: number, spentMs: number, agreeing: boolean): number {
  return Math.max(40, agreeing ? everyMs / 8 : Math.min(everyMs, Math.max(everyMs / 10, spentMs / 4)))
}
