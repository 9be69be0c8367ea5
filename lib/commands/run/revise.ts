import { z } from 'zod'
import { conflict } from '../../domain/errors'
import { every } from '../../domain/right'
import { decisionFacts, longestWaitMs, waitEnds, waitingFacts, waitingOf } from '../../domain/run/decision'
import { mayTakeByHand, runRight } from '../../domain/run/rights'
import { durationWords } from '../../domain/units'
import type { Surroundings } from '../../procedures/contract'
import { revisionsOf } from '../../procedures/revising'
import { keepDecidedFacts, reviseRun } from '../../store/run-decisions'
import { signal } from '../../store/signal'
import { authorise, type CommandContext, demand } from '../context'
import {
  decide,
  decisionBy,
  definitionOf,
  entry,
  moved,
  questionOf,
  reason,
  stepInput,
  stepOf,
  whyNotSecond,
} from './steer'

/* Other ways on than a step's own: another outcome made the run's, a step done manually, a wait made longer. */

export const reviseInput = stepInput.extend({
  kind: z.enum(['accept', 'anew']),
  /** What the person saw and decided about, such as the node that is accepted. */
  subject: z.string(),
  reason,
})
export const byHandInput = stepInput.extend({ reason })

/**
 * Makes another outcome the run's own, such as a writer that RDS chose: facts are fixed anew, earlier answers fall, and what
 * they stood for is asked again by the rules of the run. Throws ExpectedError 'not-allowed', 'conflict'.
 */
export async function revise(
  context: CommandContext,
  environment: Surroundings,
  input: z.output<typeof reviseInput>,
): Promise<void> {
  authorise(context, 'command')
  const { run, step } = await stepOf(context, input.runId, input.stepId)
  demand(runRight('revise', questionOf(context, run)))
  const found = revisionsOf(run, definitionOf(run, step, environment)).find(
    (r) => r.kind === input.kind && r.subject === input.subject,
  )
  if ((!step.stage && run.currentStepId !== step.stepId) || step.state !== 'failed' || !found) throw moved()
  const former = Object.fromEntries(Object.keys(found.facts).map((name) => [name, run.facts[name] ?? null]))
  const sentence = `${found.label}: decided by ${context.person.name}. ${input.reason}`
  const done = await reviseRun(
    context.store,
    context,
    run,
    {
      stepId: step.stepId,
      facts: { ...found.facts, ...decisionFacts(decisionBy(context, 'revise', step, 'command', former)) },
      again: found.again,
      sentence,
    },
    {
      ...entry(context, run, 'run.revised', sentence, step.stepId),
      evidence: { kind: found.kind, subject: found.subject, reason: input.reason, facts: found.facts, former },
    },
  )
  if (!done) throw moved()
  await signal(context.store, { what: 'run', id: run.id })
}

/**
 * A person does this step manually, by the commands that are shown; the runner sends nothing of it and proves it afterwards.
 * In a two-person run only a second person does, unless the run can go without the step. Throws ExpectedError.
 */
export async function takeByHand(
  context: CommandContext,
  environment: Surroundings,
  input: z.output<typeof byHandInput>,
): Promise<void> {
  authorise(context, 'command')
  const { run, step } = await stepOf(context, input.runId, input.stepId)
  const definition = definitionOf(run, step, environment)
  const optional = definition?.optional !== undefined
  const notSecond = { decide: optional ? null : await whyNotSecond(context, run), approve: null }
  demand(every(runRight('by-hand', questionOf(context, run, { optional, notSecond })), mayTakeByHand(definition)))
  // Before it begins, only while the run is paused.
  if (run.state === 'paused' && step.state !== 'pending') throw moved()
  const { name } = context.person
  await decide(context, { run, step }, 'by-hand', 'command', {
    text: `${step.title}: ${name} runs it manually. ${input.reason}`,
    sentence: `${name} runs it manually: ${input.reason}`,
  })
}

/** Says that a step was done manually: the runner looks for the proof, and sends nothing. Throws ExpectedError. */
export async function doneByHand(context: CommandContext, input: z.output<typeof stepInput>): Promise<void> {
  authorise(context, 'run')
  const { run, step } = await stepOf(context, input.runId, input.stepId)
  demand(runRight('hand-done', questionOf(context, run)))
  await decide(context, { run, step }, 'hand-done', 'run', {
    text: `${step.title}: ${context.person.name} reports it as done manually; verifying.`,
  })
}

/** Makes the wait of a step longer by as much as it waits unasked, up to an hour in all. Throws ExpectedError. */
export async function waitLonger(context: CommandContext, input: z.output<typeof stepInput>): Promise<void> {
  authorise(context, 'run')
  // What the step says meanwhile changes the run too: that alone is no reason to refuse.
  for (let tries = 0; tries < 5; tries += 1) {
    const { run, step } = await stepOf(context, input.runId, input.stepId)
    demand(runRight('wait', questionOf(context, run)))
    const waiting = waitingOf(run.facts, step)
    if (!waiting || waitEnds(waiting) <= run.readAt) throw moved()
    const longer = { ...waiting, extendedMs: waiting.extendedMs + waiting.limitMs }
    if (longer.limitMs + longer.extendedMs > longestWaitMs)
      throw conflict('It has waited long enough. Choose another option when the time is up.')
    const text = `${step.title}: ${context.person.name} waits ${durationWords(waiting.limitMs)} longer.`
    const draft = entry(context, run, 'step.waits-longer', text, step.stepId)
    if (!(await keepDecidedFacts(context.store, context, run, waitingFacts(longer), draft))) continue
    await signal(context.store, { what: 'run', id: run.id })
    return
  }
  throw moved()
}
