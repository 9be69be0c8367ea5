import type { Call } from '../domain/procedure/call'
import { digestOf } from '../domain/procedure/canonical'
import { callName, renderCall } from '../domain/procedure/render'
import { type Approval, countedAttempts, type RunStep } from '../domain/run/run'
import { attemptCap, needsApproval } from '../domain/run/states'
import { PortError } from '../ports/port-error'
import type { AnyStep, Observation } from '../procedures/contract'
import { dropApproval } from '../store/approval'
import { intend, settle } from '../store/journal'
import type { RunInHand } from './hand'
import { again, type Progress, patienceMs, refusalsInARow } from './progress'
import { TurnOver } from './turn'

/** Takes an approval away, and says why. */
export async function dropWithWords(
  hand: RunInHand,
  id: string,
  state: 'void' | 'expired',
  why: string,
): Promise<void> {
  await dropApproval(hand.hand.store, id, state, hand.draft(`approval.${state}`, why, hand.run.currentStepId, { id }))
  await hand.say(hand.run.currentStepId, 'warning', why)
}

/** A yes that nobody used in time, in words that name who gave it: whoever broke the glass hears that nothing came of it. */
export function expiredWords({ kind, decidedBy }: Approval): string {
  const who = decidedBy?.name ?? 'A person'
  return kind === 'break-glass'
    ? `${who} broke the glass, and that has expired: nothing was done with it. Asks again.`
    : `The yes of ${who} has expired: nothing was done with it. Asks again.`
}

/** Intends, sends once, and writes down what came of it. */
export async function act(
  hand: RunInHand,
  step: RunStep,
  definition: AnyStep,
  call: Call,
  seen: Observation | null,
): Promise<Progress> {
  const { run } = hand
  if (countedAttempts(run, step) >= attemptCap) {
    await hand.move(step, 'refused', {
      sentence: `This step was tried ${step.attempts} times; more needs a new run.`,
    })
    return again
  }
  const cli = renderCall(call)
  const attempt = step.attempts + 1
  const { hand: tools } = hand
  const fence = hand.fence()
  const intent = await intend(
    tools.store,
    fence,
    {
      runId: run.id,
      stepId: step.stepId,
      attempt,
      direction: 'do',
      call,
      cli,
      digest: digestOf(call),
      dangerous: needsApproval(definition.effect),
      sentence: `The intent is written; sends ${callName(call)}.`,
      appMs: hand.world.now(),
    },
    hand.draft('effect.intent', `${step.title}: intends ${callName(call)}, attempt ${attempt}`, step.stepId, {
      attempt,
      cli,
      digest: digestOf(call),
      seen: seen?.says ?? null,
    }),
  )
  if (intent.refused !== null) return await intentRefused(hand, step, intent.refused)
  hand.changed()
  await send(hand, step, call, intent.id, 'do')
  return again
}

/** An intent that the store refused: another has the turn, or nobody approved this. */
export async function intentRefused(hand: RunInHand, step: RunStep, refused: string): Promise<Progress> {
  if (refused === 'stale-epoch') throw new TurnOver()
  if (refused !== 'not-approved') return again
  const approval = hand.run.approvals.findLast((a) => a.state === 'approved' && a.usedAt === null)
  if (approval && approval.expiresAt <= hand.run.readAt)
    await dropWithWords(hand, approval.id, 'expired', expiredWords(approval))
  else if (approval) await dropWithWords(hand, approval.id, 'void', 'The approval does not cover this call any more.')
  await hand.requestApproval(step, hand.procedure.steps(hand.world.environment))
  await hand.move(step, 'needs-approval')
  return again
}

/**
 * Sends what was intended, once, and writes down what came of it. The turn is looked at once more right before: a
 * runner that was frozen after its intent must not act when it thaws.
 */
export async function send(
  hand: RunInHand,
  step: RunStep,
  call: Call,
  id: string,
  direction: 'do' | 'undo',
): Promise<void> {
  const { hand: tools } = hand
  const fence = hand.fence()
  let outcome: 'accepted' | 'rejected' | 'unknown' = 'accepted'
  let message: string | null = null
  let busy = false
  let reply: Awaited<ReturnType<typeof tools.send>> | null = null
  try {
    if (!tools.turn.holds()) throw new TurnOver()
    reply = await tools.send(call, AbortSignal.timeout(tools.callLimitMs))
  } catch (error) {
    if (error instanceof TurnOver) throw error
    // An error that we did not foresee tells nothing about the other side.
    outcome = error instanceof PortError ? error.detail.outcome : 'unknown'
    message = error instanceof PortError ? error.message : 'The call broke off in a way that was not foreseen.'
    busy =
      error instanceof PortError && error.errorClass === 'transient' && outcome === 'rejected' && direction === 'do'
    if (!(error instanceof PortError))
      tools.log('error', 'A call broke off', { runId: hand.run.id, error: String(error) })
  }
  const refusals = refusalsInARow(hand, step)
  const busySince = refusals[0]?.intendedAt ?? hand.run.readAt
  const putOff = busy && hand.run.readAt - busySince < patienceMs(hand.world.pace)
  const stepState =
    outcome === 'accepted' ? 'verifying' : putOff ? 'checking' : outcome === 'rejected' ? 'failed' : 'unknown'
  const sentence =
    outcome === 'accepted'
      ? 'Accepted; that is not proof yet.'
      : outcome === 'rejected'
        ? `${putOff ? 'Put off' : 'Refused'}: ${message}`
        : `No certain answer: ${message} Looks at what happened before anything else.`
  const { moved } = await settle(
    tools.store,
    fence,
    id,
    { outcome, message, reply, stepState, sentence, crashed: false },
    hand.draft('effect.outcome', `${step.title}: ${callName(call)} ${outcome}`, step.stepId, {
      outcome,
      message,
      reply,
      direction,
    }),
  )
  await hand.say(step.stepId, outcome === 'accepted' ? 'says' : 'warning', sentence)
  if (!moved) throw new TurnOver()
}

/** `acting`, found when a run is taken up: its runner was lost between intent and outcome. */
export async function takeUp(hand: RunInHand, step: RunStep): Promise<Progress> {
  const open = hand.run.effects.findLast((e) => e.stepId === step.stepId && e.outcome === null)
  if (!open) throw new Error(`Step ${step.stepId} is acting without an open intent`)
  const sentence = 'The runner was lost before the outcome was written. Looks at what happened before anything else.'
  await settle(
    hand.hand.store,
    hand.fence(),
    open.id,
    {
      outcome: 'unknown',
      message: 'The runner was lost before the outcome.',
      reply: null,
      stepState: 'unknown',
      sentence,
      crashed: true,
    },
    hand.draft('effect.outcome', `${step.title}: outcome unknown, the runner was lost`, step.stepId, {
      outcome: 'unknown',
      attempt: open.attempt,
    }),
  )
  await hand.say(step.stepId, 'warning', sentence)
  return again
}
