import { z } from 'zod'
import { ExpectedError } from '../../domain/errors'
import { runRight } from '../../domain/run/rights'
import type { Surroundings } from '../../procedures/contract'
import { asStored } from '../../procedures/facts'
import { keepAnswer } from '../../store/run-decisions'
import { signal } from '../../store/signal'
import { authorise, type CommandContext, demand } from '../context'
import { definitionOf, entry, moved, questionOf, stepInput, stepOf } from './steer'

export const answerStepInput = stepInput.extend({
  /** In the form that the step asks for. */
  answer: z.record(z.string(), z.json()),
})

/**
 * Answers what a step asks a person, such as what is merged: kept with the run and in the record, and taken up by the step's next
 * look. Throws ExpectedError 'not-allowed', 'invalid', 'conflict'.
 */
export async function answerStep(
  context: CommandContext,
  environment: Surroundings,
  input: z.output<typeof answerStepInput>,
): Promise<void> {
  authorise(context, 'command')
  const { run, step } = await stepOf(context, input.runId, input.stepId)
  demand(runRight('answer', questionOf(context, run)))
  const asks = definitionOf(run, step, environment)?.answer
  if (!asks || step.state !== 'verifying') throw moved()
  const read = asks.safeParse(input.answer)
  if (!read.success)
    throw new ExpectedError('invalid', read.error.issues[0]?.message ?? 'This answer cannot be used.', {
      fields: { answer: read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) },
    })
  const answer = asStored(read.data as object)
  const done = await keepAnswer(
    context.store,
    context,
    { runId: run.id, stepId: step.stepId, answer },
    {
      ...entry(context, run, 'step.answered', `${step.title}: ${context.person.name} answered.`, step.stepId),
      evidence: { answer },
    },
  )
  if (!done) throw moved()
  await signal(context.store, { what: 'run', id: run.id })
}
