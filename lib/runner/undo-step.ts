import { digestOf } from '../domain/procedure/canonical'
import { callName, renderCall } from '../domain/procedure/render'
import { approvalAllows } from '../domain/run/approval-rule'
import { decisionOf } from '../domain/run/decision'
import { refusedByPolicy } from '../domain/run/own-policy'
import { type Effect, type RunStep, undoEffect } from '../domain/run/run'
import { needsApproval } from '../domain/run/states'
import { type AnyStep, paced, pacedLimit } from '../procedures/contract'
import { intend } from '../store/journal'
import { send, takeUp } from './act-step'
import { again, later, type Progress } from './progress'
import type { RunContext } from './run-context'
import { TurnOver } from './turn'

type Back = NonNullable<AnyStep['undo']>

/**
 * `undoing`: rolling back is an act of its own. It is guarded, approved by another person where it is dangerous, sent once
 * for each time that a person asks for it, and done when a probe sees the former state.
 */
export async function undo(context: RunContext, step: RunStep, definition: AnyStep): Promise<Progress> {
  const back: Back | undefined = definition.undo
  if (!back) return await failed(context, step, 'This step cannot be rolled back.')
  const sent = undoEffect(context.run, step)
  if (!sent) return await begin(context, step, back)
  if (sent.outcome === null) return await takeUp(context, step)
  if (sent.outcome === 'rejected') return await failed(context, step, sent.message ?? 'The rollback was refused.')
  return await prove(context, step, definition, back, sent)
}

async function failed(context: RunContext, step: RunStep, sentence: string): Promise<Progress> {
  await context.move(step, 'undo-failed', { sentence })
  return again
}

async function begin(context: RunContext, step: RunStep, back: Back): Promise<Progress> {
  const { run, ctx, world, engine } = context
  // The right of whoever asked for it, not of whoever started the run: it may be gone since.
  const decision = decisionOf(run.facts, step.stepId)
  if (decision?.event !== 'undo') return await failed(context, step, 'Who requested this rollback is unknown.')
  const refusal =
    refusedByPolicy(world.environment, run, null) ??
    (await engine.authorise(decision.by, decision.permission)) ??
    (await back.guard?.(world, ctx)) ??
    null
  if (refusal) return await failed(context, step, refusal)
  const call = back.call(ctx, world.environment)
  const cli = renderCall(call)
  const digest = digestOf(call)
  const dangerous = needsApproval(back.effect)
  if (dangerous) {
    const covered = { stepId: step.stepId, digest, direction: 'undo' as const }
    const approval = run.approvals.findLast((a) => approvalAllows(run, a, covered, run.readAt))
    if (!approval?.decidedBy) {
      await context.requestUndoApproval(step, call, decision.by)
      // In a stage the run goes on with the other steps, and asks when nothing else can be done.
      if (!step.stage) await context.moveRun({ event: 'ask' }, `${step.title}: waiting for approval of the rollback.`)
      return again
    }
    const ofPolicy = refusedByPolicy(world.environment, run, approval)
    if (ofPolicy) return await failed(context, step, ofPolicy)
    const permission = approval.kind === 'break-glass' ? 'break-glass' : 'approve'
    const lost = await engine.authorise(approval.decidedBy, permission, { run, approved: { approval, call: covered } })
    if (lost) return await failed(context, step, lost)
  }
  const intent = await intend(
    engine.store,
    context.fence(),
    {
      runId: run.id,
      stepId: step.stepId,
      attempt: step.attempts + 1,
      direction: 'undo',
      call,
      cli,
      digest,
      dangerous,
      sentence: `Rolling back; sending ${callName(call)}.`,
      appMs: world.now(),
    },
    context.draft('effect.intent', `${step.title}: intends to roll back by ${callName(call)}`, step.stepId, {
      cli,
      digest,
    }),
  )
  if (intent.refused === 'stale-epoch') throw new TurnOver()
  if (intent.refused === null) await send(context, step, call, intent.id, 'undo')
  return again
}

async function prove(
  context: RunContext,
  step: RunStep,
  definition: AnyStep,
  back: Back,
  sent: Effect,
): Promise<Progress> {
  const { run, world, ctx } = context
  const look = await back.verify(world, ctx)
  if (look.state === 'proved') {
    await context.say(step.stepId, 'verified', look.says)
    await context.move(step, 'undo-proved', { sentence: look.says, facts: look.facts })
    return again
  }
  const spent = run.readAt - (sent.outcomeAt ?? run.readAt)
  if (look.state === 'failed' || spent > pacedLimit(world, definition.forMs))
    return await failed(context, step, look.says)
  await context.tell(step, 'verified', look.says)
  return later(paced(world, definition.everyMs))
}
