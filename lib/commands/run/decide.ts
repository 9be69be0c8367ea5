import { z } from 'zod'
import { authenticationNeeded, conflict, ExpectedError, invalidField, notFound, notSignedIn } from '../../domain/errors'
import type { PasskeyAssertion } from '../../domain/people/passkey'
import { approvalChallenge } from '../../domain/run/approval-challenge'
import { actedIn } from '../../domain/run/approval-rule'
import { runRight } from '../../domain/run/rights'
import type { Approval, Run } from '../../domain/run/run'
import type { Surroundings } from '../../procedures/contract'
import { type DecisionRefusal, decideApproval } from '../../store/approval'
import { listPasskeys } from '../../store/passkeys'
import { knownPeople } from '../../store/people-online'
import { readRun } from '../../store/run'
import { signal } from '../../store/signal'
import { actorOf, authorise, type CommandContext, demand } from '../context'
import { assertionInput, assertionRefusal, type PasskeySite } from '../people/verify-assertion'
import { questionOf, reason, whyNotSecond } from './steer'

const seen = {
  runId: z.string(),
  approvalId: z.string(),
  digest: z.string().length(64),
  typed: z.string(),
  /** The passkey's signature over this decision, where approvals take one. */
  assertion: assertionInput.optional(),
}

export const approveInput = z.object(seen)
export const refuseInput = z.object({ runId: z.string(), approvalId: z.string(), reason })
export const breakGlassInput = z.object({ ...seen, reason })

async function asked(
  context: CommandContext,
  runId: string,
  approvalId: string,
): Promise<{ run: Run; approval: Approval }> {
  const run = await readRun(context.store, runId, context.environment.name)
  const approval = run.approvals.find((a) => a.id === approvalId)
  if (!approval) throw notFound('This request for approval')
  if (approval.state === 'approved' || approval.state === 'refused')
    throw conflict(`${approval.decidedBy?.name ?? 'Somebody'} has already answered.`)
  if (approval.state === 'void') throw conflict('The situation changed. A new request shows the current state.')
  if (approval.state === 'expired' || approval.expiresAt <= run.readAt)
    throw conflict('This request has expired. A new request shows the current state.')
  return { run, approval }
}

function sawIt(approval: Approval, input: { digest: string; typed: string }): void {
  if (approval.digest !== input.digest) throw conflict('The situation changed. Reload and decide again.')
  if (input.typed.trim() !== approval.typeToConfirm)
    throw invalidField('typed', `Type ${approval.typeToConfirm} to confirm.`)
}

/** What the store's refusal means to the person. The store looks again at what was looked at here before. */
function refusedWith(refusal: DecisionRefusal): ExpectedError {
  switch (refusal) {
    case 'not-signed-in':
      return notSignedIn()
    case 'not-fresh':
      return authenticationNeeded()
    case 'not-found':
      return notFound('This request for approval')
    case 'not-allowed':
    case 'starter':
    case 'same-identity':
    case 'same-hand':
    case 'favour':
      return new ExpectedError('not-allowed', 'Your account may no longer decide this. Someone else must decide.')
    case 'foreign-passkey':
      return new ExpectedError('not-allowed', 'This passkey is not registered for your account.')
    case 'answered':
    case 'changed':
    case 'expired':
    case 'moved':
      return conflict('Someone else answered first, or the situation changed. Reload the page.')
  }
}

async function answer(
  context: CommandContext,
  run: Run,
  approval: Approval,
  decision: {
    state: 'approved' | 'refused'
    kind: 'second-person' | 'break-glass'
    reason: string | null
    assertion: PasskeyAssertion | null
  },
  text: string,
): Promise<void> {
  const kind =
    decision.state === 'refused'
      ? 'approval.refused'
      : decision.kind === 'break-glass'
        ? 'approval.break-glass'
        : 'approval.given'
  const refusal = await decideApproval(
    context.store,
    { token: context.token, environment: context.environment.name },
    approval.id,
    { ...decision, digest: approval.digest },
    {
      kind,
      actor: actorOf(context),
      text,
      runId: run.id,
      incidentNumber: run.incidentNumber,
      stepId: approval.stepId,
      evidence: {
        approvalId: approval.id,
        digest: approval.digest,
        shown: approval.shown,
        reason: decision.reason,
        session: context.sessionId,
        passkey: decision.assertion?.id ?? null,
      },
    },
  )
  if (refusal !== null) throw refusedWith(refusal)
  await signal(context.store, { what: 'run', id: run.id })
}

/** Where approvals take a passkey, its signature over this very decision by one of the person's own. Throws ExpectedError. */
async function signed(
  context: CommandContext,
  site: PasskeySite | null,
  run: Run,
  approval: Approval,
  kind: 'second-person' | 'break-glass',
  assertion: PasskeyAssertion | undefined,
): Promise<PasskeyAssertion | null> {
  if (site === null) return null
  if (!assertion) throw new ExpectedError('not-allowed', 'Approvals need a passkey here. Register one in Settings.')
  const own = (await listPasskeys(context.store.prisma, context.person.id)).find(({ id }) => id === assertion.id)
  if (!own) throw new ExpectedError('not-allowed', 'This passkey is not registered for your account.')
  const refusal = await assertionRefusal(assertion, approvalChallenge(run, approval, kind), site, own.publicKey)
  if (refusal !== null) throw new ExpectedError('not-allowed', refusal)
  return assertion
}

/**
 * A second person's yes to exactly what was shown. `site`: where approvals take a passkey, the site that it is for; null where
 * they take a fresh sign-in. Throws ExpectedError 'not-allowed', 'authentication-needed', 'conflict', 'invalid'.
 */
export async function approve(
  context: CommandContext,
  input: z.output<typeof approveInput>,
  site: PasskeySite | null = null,
): Promise<void> {
  authorise(context, 'approve')
  // Read at the same time: each moment between the click and the effect counts.
  const known = knownPeople(context.store)
  const [{ run, approval }] = await Promise.all([asked(context, input.runId, input.approvalId), known])
  const notSecond = { decide: null, approve: await whyNotSecond(context, run, actedIn(run, approval), known) }
  demand(runRight('approve', questionOf(context, run, { notSecond })))
  sawIt(approval, input)
  const assertion = await signed(context, site, run, approval, 'second-person', input.assertion)
  await answer(
    context,
    run,
    approval,
    { state: 'approved', kind: 'second-person', reason: null, assertion },
    `Approved: ${approval.title}`,
  )
}

/** A no, with its reason. The person for whom it is asked may refuse too. Throws ExpectedError. */
export async function refuse(context: CommandContext, input: z.output<typeof refuseInput>): Promise<void> {
  const { run, approval } = await asked(context, input.runId, input.approvalId)
  demand(runRight('refuse', questionOf(context, run)))
  await answer(
    context,
    run,
    approval,
    { state: 'refused', kind: 'second-person', reason: input.reason, assertion: null },
    `Refused: ${approval.title}. ${input.reason}`,
  )
}

/**
 * One person acts alone, with a reason, where the environment allows it; loud in the record. `site` as for `approve`. Throws
 * ExpectedError.
 */
export async function breakGlass(
  context: CommandContext,
  environment: Surroundings,
  input: z.output<typeof breakGlassInput>,
  site: PasskeySite | null = null,
): Promise<void> {
  authorise(context, 'break-glass')
  const { run, approval } = await asked(context, input.runId, input.approvalId)
  demand(runRight('break-glass', questionOf(context, run, environment.policy)))
  sawIt(approval, input)
  const assertion = await signed(context, site, run, approval, 'break-glass', input.assertion)
  await answer(
    context,
    run,
    approval,
    { state: 'approved', kind: 'break-glass', reason: input.reason, assertion },
    `Break-glass: ${approval.title}. ${input.reason}`,
  )
}
