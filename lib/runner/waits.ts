import { type Waiting, waitingFacts, waitingOf } from '../domain/run/decision'
import type { RunStep } from '../domain/run/run'
import { pacedLimit } from '../procedures/contract'
import { addFacts } from '../store/run-moves'
import type { RunInHand } from './hand'

/** The wait of this step, written down with the first look so that people see it and another runner keeps to it. */
export async function waitsUntil(hand: RunInHand, step: RunStep, waitsMs: number): Promise<Waiting> {
  const kept = waitingOf(hand.run.facts, step)
  if (kept) return kept
  const since = Math.floor(step.since ?? hand.run.readAt)
  const fresh = { stepId: step.stepId, since, limitMs: pacedLimit(hand.world, waitsMs), extendedMs: 0 }
  hand.learn(waitingFacts(fresh))
  await addFacts(hand.hand.store, hand.fence(), hand.run.id, waitingFacts(fresh))
  return fresh
}
