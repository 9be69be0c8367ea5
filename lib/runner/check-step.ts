import type { Call } from '../domain/procedure/call'
import { digestOf } from '../domain/procedure/canonical'
import { renderCall } from '../domain/procedure/render'
import { approvalAllows, usableUntil } from '../domain/run/approval-rule'
import { decisionsOf, waitEnds } from '../domain/run/decision'
import { refusedByPolicy } from '../domain/run/own-policy'
import type { Approval, RunStep } from '../domain/run/run'
import { needsApproval, nextStep } from '../domain/run/states'
import { durationWords } from '../domain/units'
import { type AnyStep, type DoAgain, paced, type Wait } from '../procedures/contract'
import { addFacts, showCall } from '../store/run-moves'
import { act, requestAnew } from './act-step'
import { again, backoffMs, later, type Progress, patiently, refusalsInARow } from './progress'
import { proofOfGate } from './prove-step'
import type { RunContext } from './run-context'
import { waitsUntil } from './waits'

/** `checking`: looks first, and acts only when nothing else is right. */
export async function check(context: RunContext, step: RunStep, definition: AnyStep): Promise<Progress> {
  const refusals = refusalsInARow(context, step)
  const last = refusals.at(-1)?.outcomeAt ?? 0
  const wait = backoffMs(refusals.length, context.world.pace) - (context.run.readAt - last)
  // Refused as too busy: each time it waits longer before it looks and asks again.
  if (refusals.length > 0 && wait > 0) return later(wait)
  const everyMs = paced(context.world, definition.everyMs)
  return await patiently(context, step, { everyMs, event: 'refused' }, () => checkNow(context, step, definition))
}

async function checkNow(context: RunContext, step: RunStep, definition: AnyStep): Promise<Progress> {
  const { run, ctx, world } = context
  const seen = definition.observe ? await definition.observe(world, ctx) : null
  if (seen) context.learn(seen.facts)
  const asks = definition.asks && seen?.state !== 'done' && seen?.state !== 'conflict'
  const call = asks ? null : (definition.call?.(ctx, world.environment) ?? null)
  const say = () => (seen ? context.say(step.stepId, 'observed', seen.says) : null)
  if (asks) {
    const [progress] = await Promise.all([checkApproval(context, step), say()])
    return progress
  }
  const fence = context.fence()
  // What people read is not waited for by what decides: an approved step begins sooner.
  const told = Promise.all([
    say(),
    call ? showCall(context.engine.store, fence, run.id, step.stepId, renderCall(call), digestOf(call)) : null,
  ])
  told.catch(() => {})
  const acts = call !== null && run.mode !== 'dry-run' && (seen === null || seen.state === 'not-started')
  if (!acts) await told
  if (run.mode === 'dry-run') return await rehearse(context, step, definition, call)
  if (seen?.state === 'conflict') {
    await context.move(step, 'refused', { sentence: seen.says, facts: seen.facts })
    return again
  }
  if (seen?.state === 'in-flight') {
    await context.move(step, 'found-in-flight', { sentence: seen.says, facts: seen.facts })
    return again
  }
  if (seen?.state === 'done' || !call) {
    await context.move(step, 'found-done', { sentence: seen?.says ?? 'Verifying.', facts: seen?.facts })
    return again
  }
  // What the look decided, such as by which way to act, must still be known when it is approved, and when it is put back.
  if (seen?.facts) await addFacts(context.engine.store, context.fence(), run.id, seen.facts)
  if (needsApproval(definition.effect)) {
    const asked = await askAnewUnlessApproved(context, step, call)
    if (asked) return asked
  }
  const guarded = (await definition.guard?.(world, ctx)) ?? null
  if (guarded !== null && typeof guarded !== 'string') {
    if (!('stepId' in guarded)) return await waitFor(context, step, definition, guarded)
    const begun = await doAgain(context, step, guarded)
    if (begun) return begun
  }
  const refusal = typeof guarded === 'string' ? guarded : await refusedByRights(context, step, call, told)
  if (refusal) {
    await context.say(step.stepId, 'error', refusal)
    await context.move(step, 'refused', { sentence: refusal, facts: seen?.facts })
    return again
  }
  return await act(context, step, definition, call, seen)
}

async function rehearse(context: RunContext, step: RunStep, definition: AnyStep, call: Call | null): Promise<Progress> {
  if (call) await context.say(step.stepId, 'command', renderCall(call))
  let facts = {}
  if (definition.effect === 'READ' && !definition.asks) {
    const look = await definition.verify(context.world, context.ctx, 0)
    facts = look.facts ?? {}
    await context.say(step.stepId, 'verified', look.says)
  }
  const reason = 'Dry run: shown, not done.'
  await context.move(step, 'rehearsed', { facts, skippedBy: { ...context.run.startedBy, reason } })
  return again
}

/** The gate: an approval that still holds lets the run go on; otherwise it is requested. */
async function checkApproval(context: RunContext, step: RunStep): Promise<Progress> {
  const { run } = context
  if (run.mode === 'dry-run') {
    const ask = await context.askFor(step.stepId)
    await context.say(step.stepId, 'says', `Would request approval: ${ask.title}.`)
    await context.move(step, 'rehearsed', { skippedBy: { ...run.startedBy, reason: 'Dry run: shown, not done.' } })
    return again
  }
  const approval = run.approvals.findLast((a) => a.state === 'approved')
  if (!approval || run.readAt >= usableUntil(run, approval)) return await requestAnew(context, step)
  const outgrown = await context.outgrown(step, approval)
  if (outgrown) return await invalidate(context, step, approval, outgrown)
  const sentence = `Approved by ${approval.decidedBy?.name ?? 'a person'}.`
  const proof = proofOfGate(context, { ...step, state: 'verifying', sentence })
  await context.makeMoves(context.stepMove(step, 'found-done', { sentence }), proof)
  return again
}

/**
 * Right before each dangerous intent, also after a retry, a resume or a takeover: is there an approval that allows this very
 * call now, and does what was shown to the approver still hold? Null when so; otherwise approval is requested.
 */
async function askAnewUnlessApproved(context: RunContext, step: RunStep, call: Call): Promise<Progress | null> {
  const { run } = context
  const covered = { stepId: step.stepId, digest: digestOf(call) }
  const approval = run.approvals.findLast((a) => approvalAllows(run, a, covered, run.readAt))
  if (!approval) return await requestAnew(context, step)
  const outgrown = await context.outgrown(step, approval)
  return outgrown ? await invalidate(context, step, approval, outgrown) : null
}

async function invalidate(context: RunContext, step: RunStep, approval: Approval, why: string): Promise<Progress> {
  await context.dropApproval(approval.id, 'void', `${why} The approval is void and is requested again.`, step)
  await context.requestApproval(step)
  await context.move(step, 'needs-approval')
  return again
}

/**
 * What an earlier step proved is no longer so: that step looks and acts again, and this one is checked again after it. Null
 * where people decided to go without that step.
 */
async function doAgain(context: RunContext, step: RunStep, { stepId, because }: DoAgain): Promise<Progress | null> {
  const earlier = context.run.steps.find((s) => s.stepId === stepId && s.index < step.index)
  if (earlier?.state === 'skipped') return null
  await context.say(step.stepId, 'warning', because)
  if (earlier && nextStep(earlier.state, 'do-again')) await context.move(earlier, 'do-again', { sentence: because })
  else await context.move(step, 'refused', { sentence: because })
  return again
}

/** It may come by itself: looks again until the time is up that people see, and may have made longer; then asks them. */
async function waitFor(context: RunContext, step: RunStep, definition: AnyStep, wait: Wait): Promise<Progress> {
  const waiting = await waitsUntil(context, step, wait.waitsMs)
  if (context.run.readAt >= waitEnds(waiting)) {
    const sentence = `${wait.waitsFor} It did not come within ${durationWords(waiting.limitMs + waiting.extendedMs)}.`
    await context.say(step.stepId, 'error', sentence)
    await context.move(step, 'refused', { sentence })
    return again
  }
  await context.tell(step, 'warning', wait.waitsFor)
  return later(paced(context.world, definition.everyMs))
}

/** Who started and who approved may have lost the right since: the click is old news. What is under way meanwhile is ended then. */
async function refusedByRights(
  context: RunContext,
  step: RunStep,
  call: Call,
  meanwhile: Promise<unknown>,
): Promise<string | null> {
  const { run } = context
  const covered = { stepId: step.stepId, digest: digestOf(call) }
  const approval = needsApproval(step.effect)
    ? run.approvals.findLast((a) => approvalAllows(run, a, covered, run.readAt))
    : undefined
  const ofPolicy = refusedByPolicy(context.world.environment, run, approval ?? null)
  if (ofPolicy) return ofPolicy
  // Asked at once: each moment between the approval and the effect counts.
  const [starter, approver] = await Promise.all([
    context.engine.authorise(run.startedBy, 'run'),
    approval?.decidedBy
      ? context.engine.authorise(approval.decidedBy, approval.kind === 'break-glass' ? 'break-glass' : 'approve', {
          run,
          approved: { approval, call: covered },
        })
      : null,
    meanwhile,
  ])
  if (starter) return starter
  for (const decision of decisionsOf(run.facts)) {
    if (decision.stepId !== step.stepId) continue
    const decider = await context.engine.authorise(decision.by, decision.permission)
    if (decider) return decider
  }
  return approver
}
