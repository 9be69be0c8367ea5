import { waitingOf } from '../domain/run/decision'
import type { RunStep } from '../domain/run/run'
import { type AnyStep, type Observation, paced, pacedLimit } from '../procedures/contract'
import { addFacts } from '../store/run-moves'
import { type RunInHand, worded } from './hand'
import { again, elapsed, later, type Progress, patienceMs } from './progress'
import { waitsUntil } from './waits'

/** `unknown`: looks for a bounded time; it never sends again by itself, a lost runner's unanswered intent apart. */
export async function observeUnknown(hand: RunInHand, step: RunStep, definition: AnyStep): Promise<Progress> {
  const { world, ctx } = hand
  const every = paced(world, definition.everyMs)
  let seen: Observation
  try {
    seen = definition.observe
      ? await definition.observe(world, ctx)
      : { state: 'not-started', says: 'There is nothing to see of it.' }
  } catch (error) {
    await hand.tell(step, 'warning', worded(hand, error).sentence)
    // What cannot be seen is not "unchanged": a person is asked only after the longer time.
    if (elapsed(hand, step) < patienceMs(world.pace)) return later(every)
    await hand.move(step, 'unchanged', { sentence: 'It could not be found out whether it happened; a person decides.' })
    return again
  }
  if (seen.state === 'done') await hand.move(step, 'found-done', { sentence: seen.says, facts: seen.facts })
  else if (seen.state === 'in-flight')
    await hand.move(step, 'found-in-flight', { sentence: seen.says, facts: seen.facts })
  else if (seen.state === 'conflict') await hand.move(step, 'refused', { sentence: seen.says, facts: seen.facts })
  else if (elapsed(hand, step) < paced(world, definition.settleMs ?? 60_000)) return later(every)
  else await hand.move(step, step.crashed ? 'settled' : 'unchanged')
  return again
}

/** `verifying`, of the gate: the answer that let it through is its proof. */
export async function proveGate(hand: RunInHand, step: RunStep): Promise<void> {
  const approval = hand.run.approvals.findLast((a) => a.state === 'approved')
  const sentence = approval
    ? `${approval.kind === 'break-glass' ? 'Break-glass' : 'Approved'} by ${approval.decidedBy?.name ?? 'a person'}.`
    : step.sentence
  await hand.move(step, approval ? 'proved' : 'proved-untouched', { sentence })
}

/** `verifying`: looks until enough looks in a row agree, or the time is up. */
export async function verify(
  hand: RunInHand,
  step: RunStep,
  definition: AnyStep,
  agreed: { looks: number },
): Promise<Progress> {
  const { world, ctx, run } = hand
  if (definition.asks) {
    await proveGate(hand, step)
    return again
  }
  // What people added to a wait does not count as time spent.
  const spent = Math.max(0, elapsed(hand, step) - (waitingOf(run.facts, step)?.extendedMs ?? 0))
  const limit = pacedLimit(world, definition.forMs)
  try {
    const look = await definition.verify(world, ctx, spent / world.pace)
    hand.learn(look.facts)
    agreed.looks = look.state === 'proved' ? agreed.looks + 1 : 0
    if (look.state === 'proved' && agreed.looks >= (definition.agreeing ?? 1)) {
      await hand.say(step.stepId, 'verified', look.says)
      const untouched = definition.effect !== 'READ' && !step.touched
      await hand.move(step, untouched ? 'proved-untouched' : 'proved', { sentence: look.says, facts: look.facts })
      return again
    }
    if (look.state === 'failed') {
      await hand.say(step.stepId, 'error', look.says)
      await hand.move(step, 'disproved', { sentence: look.says, facts: look.facts })
      return again
    }
    if (look.facts) await addFacts(hand.hand.store, hand.fence(), run.id, look.facts)
    if (look.waitsMs !== undefined) await waitsUntil(hand, step, look.waitsMs)
    await hand.tell(step, 'verified', look.says)
  } catch (error) {
    agreed.looks = 0
    await hand.tell(step, 'warning', worded(hand, error).sentence)
  }
  if (spent >= limit) {
    await hand.move(step, 'disproved', { sentence: `The proof did not come in time. Last seen: ${step.sentence}` })
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
