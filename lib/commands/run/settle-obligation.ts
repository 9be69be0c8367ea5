import { z } from 'zod'
import { conflict, notFound } from '../../domain/errors'
import { obligationsOf, withObligation } from '../../domain/run/obligation'
import { runRight } from '../../domain/run/rights'
import { readRun } from '../../store/run'
import { keepDecidedFacts } from '../../store/run-decisions'
import { signal } from '../../store/signal'
import { actorOf, authorise, type CommandContext, demand } from '../context'
import { questionOf, reason } from './steer'

export const settleObligationInput = z.object({
  runId: z.string(),
  obligationId: z.string(),
  /** `met` = it is done; `accepted` = it stays as it is. */
  state: z.enum(['met', 'accepted']),
  reason,
})

/**
 * Says of something that a finished run still owes that it is done, or that it is accepted as it is: with a reason, kept
 * with the run and in the record. Throws ExpectedError 'not-allowed', 'not-found', 'conflict'.
 */
export async function settleObligation(
  context: CommandContext,
  input: z.output<typeof settleObligationInput>,
): Promise<void> {
  authorise(context, input.state === 'met' ? 'run' : 'command')
  const run = await readRun(context.store, input.runId, context.environment.name)
  demand(runRight(input.state === 'met' ? 'settle' : 'accept', questionOf(context, run)))
  const obligations = obligationsOf(run.facts)
  const duty = obligations.find((o) => o.id === input.obligationId)
  if (!duty) throw notFound('The open item')
  if (duty.state !== 'open') throw conflict('This item was already closed.')
  const { id, name } = context.person
  const settled = { ...duty, state: input.state, settledBy: { person: { id, name }, reason: input.reason } }
  const done = await keepDecidedFacts(
    context.store,
    context,
    run,
    { obligations: withObligation({ obligations }, settled) },
    {
      kind: 'run.obligation',
      actor: actorOf(context),
      text: `${duty.title}: ${input.state === 'met' ? 'done' : 'accepted as it is'}. ${input.reason}`,
      runId: run.id,
      incidentNumber: run.incidentNumber,
      evidence: { obligation: duty, state: input.state, reason: input.reason },
    },
  )
  if (!done) throw conflict('The run has changed. Reload and decide again.')
  await signal(context.store, { what: 'run', id: run.id })
}
