import { type Waiting, waitingFacts, waitingOf } from '../domain/run/decision'
import type { RunStep } from '../domain/run/run'
import { pacedLimit } from '../procedures/contract'
import { addFacts } from '../store/run-moves'
import type { RunContext } from './run-context'

/** The wait of this step, written down with the first look so that people see it and another runner keeps to it. */
export async function waitsUntil(context: RunContext, step: RunStep, waitsMs: number): Promise<Waiting> {
  const kept = waitingOf(context.run.facts, step)
  if (kept) return kept
  const since = Math.floor(step.since ?? context.run.readAt)
  const fresh = { stepId: step.stepId, since, limitMs: pacedLimit(context.world, waitsMs), extendedMs: 0 }
  context.learn(waitingFacts(fresh))
  await addFacts(context.engine.store, context.fence(), context.run.id, waitingFacts(fresh))
  return fresh
}
