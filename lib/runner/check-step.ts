import type { Call } from '../domain/procedure/call'
import { digestOf } from '../domain/procedure/canonical'
import { renderCall } from '../domain/procedure/render'
import { decisionOf, waitEnds } from '../domain/run/decision'
import { approvalCovers, type RunStep } from '../domain/run/run'
import { needsApproval } from '../domain/run/states'
import { durationWords } from '../domain/units'
import { type AnyStep, paced, type Wait } from '../procedures/contract'
import { addFacts, showCall } from '../store/run-moves'
import { act, dropWithWords, expiredWords } from './act-step'
import { type RunInHand, worded } from './hand'
import { again, backoffMs, elapsed, later, type Progress, patienceMs, refusalsInARow } from './progress'
import { proveGate } from './prove-step'
import { waitsUntil } from './waits'

/** `checking`: looks first, and acts only when nothing else is right. */
export async function check(hand: RunInHand, step: RunStep, definition: AnyStep, all: AnyStep[]): Promise<Progress> {
  const refusals = refusalsInARow(hand, step)
  const last = refusals.at(-1)?.outcomeAt ?? 0
  const wait = backoffMs(refusals.length, hand.world.pace) - (hand.run.readAt - last)
  // Refused as too busy: each time it waits longer before it looks and asks again.
  if (refusals.length > 0 && wait > 0) return later(wait)
  try {
    return await checkNow(hand, step, definition, all)
  } catch (error) {
    const { sentence, passing } = worded(hand, error)
    if (passing && elapsed(hand, step) < patienceMs(hand.world.pace)) {
      await hand.tell(step, 'warning', sentence)
      return later(paced(hand.world, definition.everyMs))
    }
    await hand.say(step.stepId, 'error', sentence)
    await hand.move(step, 'refused', { sentence })
    return again
  }
}

async function checkNow(hand: RunInHand, step: RunStep, definition: AnyStep, all: AnyStep[]): Promise<Progress> {
  const { run, ctx, world } = hand
  const seen = definition.observe ? await definition.observe(world, ctx) : null
  if (seen) hand.learn(seen.facts)
  const asks = definition.asks && seen?.state !== 'done' && seen?.state !== 'conflict'
  const call = asks ? null : (definition.call?.(ctx, world.environment) ?? null)
  // What people read does not wait for what is shown, nor an answer for either: an approved step begins sooner.
  const said = seen ? hand.say(step.stepId, 'observed', seen.says) : null
  if (asks) {
    const [progress] = await Promise.all([checkApproval(hand, step, all), said])
    return progress
  }
  await Promise.all([
    said,
    call ? showCall(hand.hand.store, hand.fence(), run.id, step.stepId, renderCall(call), digestOf(call)) : null,
  ])
  if (run.mode === 'dry-run') return await rehearse(hand, step, definition, call)
  if (seen?.state === 'conflict') {
    await hand.move(step, 'refused', { sentence: seen.says, facts: seen.facts })
    return again
  }
  if (seen?.state === 'in-flight') {
    await hand.move(step, 'found-in-flight', { sentence: seen.says, facts: seen.facts })
    return again
  }
  if (seen?.state === 'done' || !call) {
    await hand.move(step, 'found-done', { sentence: seen?.says ?? 'Looks for the proof.', facts: seen?.facts })
    return again
  }
  const guarded = (await definition.guard?.(world, ctx)) ?? null
  if (guarded !== null && typeof guarded !== 'string') return await waitFor(hand, step, definition, guarded)
  const refusal = guarded ?? (await refusedByRights(hand, step, call))
  if (refusal) {
    await hand.say(step.stepId, 'error', refusal)
    await hand.move(step, 'refused', { sentence: refusal, facts: seen?.facts })
    return again
  }
  // What the look decided, such as by which way to act, must still be known when this step is put back.
  if (seen?.facts) await addFacts(hand.hand.store, hand.fence(), run.id, seen.facts)
  return await act(hand, step, definition, call, seen)
}

async function rehearse(hand: RunInHand, step: RunStep, definition: AnyStep, call: Call | null): Promise<Progress> {
  if (call) await hand.say(step.stepId, 'command', renderCall(call))
  let facts = {}
  if (definition.effect === 'READ' && !definition.asks) {
    const look = await definition.verify(hand.world, hand.ctx, 0)
    facts = look.facts ?? {}
    await hand.say(step.stepId, 'verified', look.says)
  }
  const reason = 'Dry run: shown, not done.'
  await hand.move(step, 'rehearsed', { facts, skippedBy: { ...hand.run.startedBy, reason } })
  return again
}

/** The gate: a yes that still fits lets it through; otherwise it asks. */
async function checkApproval(hand: RunInHand, step: RunStep, all: AnyStep[]): Promise<Progress> {
  if (hand.run.mode === 'dry-run') {
    const ask = await hand.procedure.ask(hand.world, hand.ctx)
    await hand.say(step.stepId, 'says', `Would ask for approval: ${ask.title}.`)
    await hand.move(step, 'rehearsed', { skippedBy: { ...hand.run.startedBy, reason: 'Dry run: shown, not done.' } })
    return again
  }
  const approval = hand.run.approvals.findLast((a) => a.state === 'approved')
  if (approval) {
    const ask = await hand.procedure.ask(hand.world, hand.ctx)
    const outgrown = hand.procedure.outgrown(approval.bound, ask.bound)
    const expired = approval.usedAt === null && approval.expiresAt <= hand.run.readAt
    if (!outgrown && !expired) {
      const sentence = `Approved by ${approval.decidedBy?.name ?? 'a person'}.`
      if (await hand.move(step, 'found-done', { sentence }))
        await proveGate(hand, { ...step, state: 'verifying', sentence })
      return again
    }
    await dropWithWords(hand, approval.id, expired ? 'expired' : 'void', outgrown ?? expiredWords(approval))
  }
  await hand.requestApproval(step, all)
  await hand.move(step, 'needs-approval')
  return again
}

/** It may come by itself: looks again until the time is up that people see, and may have made longer; then asks them. */
async function waitFor(hand: RunInHand, step: RunStep, definition: AnyStep, wait: Wait): Promise<Progress> {
  const waiting = await waitsUntil(hand, step, wait.waitsMs)
  if (hand.run.readAt >= waitEnds(waiting)) {
    const sentence = `${wait.waitsFor} It did not come within ${durationWords(waiting.limitMs + waiting.extendedMs)}.`
    await hand.say(step.stepId, 'error', sentence)
    await hand.move(step, 'refused', { sentence })
    return again
  }
  await hand.tell(step, 'warning', wait.waitsFor)
  return later(paced(hand.world, definition.everyMs))
}

/** Who started and who approved may have lost the right since: the click is old news. */
async function refusedByRights(hand: RunInHand, step: RunStep, call: Call): Promise<string | null> {
  const { run } = hand
  const starter = await hand.hand.authorise(run.startedBy, 'run')
  if (starter) return starter
  const decision = decisionOf(run.facts)
  if (decision?.stepId === step.stepId) {
    const decider = await hand.hand.authorise(decision.by, decision.permission)
    if (decider) return decider
  }
  if (!needsApproval(step.effect)) return null
  const approval = run.approvals.findLast((a) =>
    approvalCovers(run, a, { stepId: step.stepId, digest: digestOf(call) }, run.readAt),
  )
  if (!approval?.decidedBy) return null
  return await hand.hand.authorise(approval.decidedBy, approval.kind === 'break-glass' ? 'break-glass' : 'approve')
}
