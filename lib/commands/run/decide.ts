import { z } from 'zod'
import { conflict, ExpectedError, invalidField, notFound } from '../../domain/errors'
import { askedFor } from '../../domain/run/approval-rule'
import type { Approval, Run } from '../../domain/run/run'
import type { Surroundings } from '../../procedures/contract'
import { decideApproval } from '../../store/approval'
import { readRun } from '../../store/run'
import { signal } from '../../store/signal'
import { actorOf, authorise, type CommandContext } from '../context'

const reason = z.string().trim().min(10, 'Say why, in at least 10 characters.').max(500, 'At most 500 characters.')
const seen = { runId: z.string(), approvalId: z.string(), digest: z.string().length(64), typed: z.string() }

export const approveInput = z.object(seen)
export const refuseInput = z.object({ runId: z.string(), approvalId: z.string(), reason })
export const breakGlassInput = z.object({ ...seen, reason })

async function asked(
  context: CommandContext,
  runId: string,
  approvalId: string,
): Promise<{ run: Run; approval: Approval }> {
  const run = await readRun(context.store, runId)
  const approval = run.approvals.find((a) => a.id === approvalId)
  if (!approval) throw notFound('This request for approval')
  if (approval.state === 'approved' || approval.state === 'refused')
    throw conflict(`${approval.decidedBy?.name ?? 'Somebody'} has answered already.`)
  if (approval.state === 'void') throw conflict('What was shown is no longer so; a new request shows what is.')
  if (approval.state === 'expired' || approval.expiresAt <= run.readAt)
    throw conflict('This request has expired; a new one shows what is so now.')
  return { run, approval }
}

function sawIt(approval: Approval, input: { digest: string; typed: string }): void {
  if (approval.digest !== input.digest) throw conflict('What was shown is no longer so. Look again and decide anew.')
  if (input.typed.trim() !== approval.typeToConfirm)
    throw invalidField('typed', `Type ${approval.typeToConfirm} to confirm.`)
}

async function answer(
  context: CommandContext,
  run: Run,
  approval: Approval,
  decision: { state: 'approved' | 'refused'; kind: 'second-person' | 'break-glass'; reason: string | null },
  text: string,
): Promise<void> {
  const { id, name } = context.person
  const kind =
    decision.state === 'refused'
      ? 'approval.refused'
      : decision.kind === 'break-glass'
        ? 'approval.break-glass'
        : 'approval.given'
  const taken = await decideApproval(
    context.store,
    approval.id,
    { ...decision, by: { id, name }, digest: approval.digest },
    {
      kind,
      actor: actorOf(context),
      text,
      runId: run.id,
      incidentId: run.incidentId,
      stepId: approval.stepId,
      evidence: {
        approvalId: approval.id,
        digest: approval.digest,
        shown: approval.shown,
        reason: decision.reason,
        session: context.sessionId,
      },
    },
  )
  if (!taken) throw conflict('Somebody else was faster, or the request has fallen since. Look again.')
  await signal(context.store, { what: 'run', id: run.id })
}

/** A second person's yes to exactly what was shown. Throws ExpectedError 'not-allowed', 'conflict', 'invalid'. */
export async function approve(context: CommandContext, input: z.output<typeof approveInput>): Promise<void> {
  authorise(context, 'approve')
  const { run, approval } = await asked(context, input.runId, input.approvalId)
  if (run.twoPersons && askedFor(run, approval) === context.person.id)
    throw new ExpectedError('not-allowed', 'You requested this; another person must approve it.')
  sawIt(approval, input)
  await answer(
    context,
    run,
    approval,
    { state: 'approved', kind: 'second-person', reason: null },
    `Approved: ${approval.title}`,
  )
}

/** A no, with its reason. The starter may refuse too. Throws ExpectedError. */
export async function refuse(context: CommandContext, input: z.output<typeof refuseInput>): Promise<void> {
  const { run, approval } = await asked(context, input.runId, input.approvalId)
  if (run.startedBy.id !== context.person.id) authorise(context, 'approve')
  await answer(
    context,
    run,
    approval,
    { state: 'refused', kind: 'second-person', reason: input.reason },
    `Refused: ${approval.title}. ${input.reason}`,
  )
}

/** One person acts alone, with a reason, where the environment allows it; loud in the record. Throws ExpectedError. */
export async function breakGlass(
  context: CommandContext,
  environment: Surroundings,
  input: z.output<typeof breakGlassInput>,
): Promise<void> {
  authorise(context, 'break-glass')
  if (!environment.policy.breakGlass)
    throw new ExpectedError(
      'not-allowed',
      'Break-glass is switched off for this environment; a second person must approve.',
    )
  const { run, approval } = await asked(context, input.runId, input.approvalId)
  sawIt(approval, input)
  await answer(
    context,
    run,
    approval,
    { state: 'approved', kind: 'break-glass', reason: input.reason },
    `Break-glass: ${approval.title}. ${input.reason}`,
  )
}
