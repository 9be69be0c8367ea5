import type { Call } from '../domain/procedure/call'
import { digestOf } from '../domain/procedure/canonical'
import { callName, renderCall } from '../domain/procedure/render'
import { approvalCovers, type RunStep } from '../domain/run/run'
import { attemptCap, needsApproval } from '../domain/run/states'
import { PortError } from '../ports/port-error'
import { type AnyStep, type Observation, paced, pacedLimit } from '../procedures/contract'
import { dropApproval } from '../store/approval'
import { intend, settle } from '../store/journal'
import { addFacts, showCall } from '../store/run'
import { type RunInHand, worded } from './hand'
import { TurnOver } from './turn'

/** What became of one piece of work: `again` = read the run and go on, `later` = look again after a while. */
export type Progress = { again: true } | { again: false; afterMs: number }
export const again: Progress = { again: true }
export const later = (afterMs: number): Progress => ({ again: false, afterMs })

/** Transient trouble is waited out for this long before a person is asked, ms. */
const transientMs = 10 * 60_000
const elapsed = (hand: RunInHand, step: RunStep) => Math.max(0, hand.run.readAt - (step.since ?? hand.run.readAt))

/** `checking`: looks first, and acts only when nothing else is right. */
export async function check(hand: RunInHand, step: RunStep, definition: AnyStep, all: AnyStep[]): Promise<Progress> {
  try {
    return await checkNow(hand, step, definition, all)
  } catch (error) {
    const { sentence, passing } = worded(hand, error)
    if (passing && elapsed(hand, step) < transientMs * hand.world.pace + 5_000) {
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
  if (seen) {
    hand.learn(seen.facts)
    await hand.say(step.stepId, 'observed', seen.says)
  }
  if (definition.asks && seen?.state !== 'done') return await checkApproval(hand, step, all)
  const call = definition.call?.(ctx, world.environment) ?? null
  if (call) await showCall(hand.hand.store, hand.fence(), run.id, step.stepId, renderCall(call), digestOf(call))
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
  const refusal = (await definition.guard?.(world, ctx)) ?? (await refusedByRights(hand, step, call))
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
      await hand.move(step, 'found-done', { sentence: `Approved by ${approval.decidedBy?.name ?? 'a person'}.` })
      return again
    }
    await drop(hand, approval.id, expired ? 'expired' : 'void', outgrown ?? 'The approval has expired.')
  }
  await hand.requestApproval(step, all)
  await hand.move(step, 'needs-approval')
  return again
}

async function drop(hand: RunInHand, id: string, state: 'void' | 'expired', why: string): Promise<void> {
  await dropApproval(hand.hand.store, id, state, hand.draft(`approval.${state}`, why, hand.run.currentStepId, { id }))
  await hand.say(hand.run.currentStepId, 'warning', why)
}

/** Who started and who approved may have lost the right since: the click is old news. */
async function refusedByRights(hand: RunInHand, step: RunStep, call: Call): Promise<string | null> {
  const { run } = hand
  const starter = await hand.hand.authorise(run.startedBy, 'start')
  if (starter) return starter
  if (!needsApproval(step.effect)) return null
  const approval = run.approvals.findLast((a) =>
    approvalCovers(run, a, { stepId: step.stepId, digest: digestOf(call) }, run.readAt),
  )
  if (!approval?.decidedBy) return null
  return await hand.hand.authorise(approval.decidedBy, approval.kind === 'break-glass' ? 'break-glass' : 'approve')
}

async function act(
  hand: RunInHand,
  step: RunStep,
  definition: AnyStep,
  call: Call,
  seen: Observation | null,
): Promise<Progress> {
  if (step.attempts >= attemptCap) {
    await hand.move(step, 'refused', {
      sentence: `This step was tried ${step.attempts} times; more needs a new run.`,
    })
    return again
  }
  const cli = renderCall(call)
  const attempt = step.attempts + 1
  const { hand: tools, run } = hand
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

async function intentRefused(hand: RunInHand, step: RunStep, refused: string): Promise<Progress> {
  if (refused === 'stale-epoch') throw new TurnOver()
  if (refused !== 'not-approved') return again
  const approval = hand.run.approvals.findLast((a) => a.state === 'approved' && a.usedAt === null)
  if (approval) await drop(hand, approval.id, 'void', 'The approval does not cover this call any more.')
  await hand.requestApproval(step, hand.procedure.steps(hand.world.environment))
  await hand.move(step, 'needs-approval')
  return again
}

/**
 * Sends what was intended, once, and writes down what came of it. The turn is looked at once more right before: a
 * runner that was frozen after its intent must not act when it thaws.
 */
async function send(hand: RunInHand, step: RunStep, call: Call, id: string, direction: 'do' | 'undo'): Promise<void> {
  const { hand: tools } = hand
  const fence = hand.fence()
  let outcome: 'accepted' | 'rejected' | 'unknown' = 'accepted'
  let message: string | null = null
  let reply: Awaited<ReturnType<typeof tools.send>> | null = null
  try {
    if (!tools.turn.holds()) throw new TurnOver()
    reply = await tools.send(call, AbortSignal.timeout(tools.callLimitMs))
  } catch (error) {
    if (error instanceof TurnOver) throw error
    // An error that we did not foresee tells nothing about the other side.
    outcome = error instanceof PortError ? error.detail.outcome : 'unknown'
    message = error instanceof PortError ? error.message : 'The call broke off in a way that was not foreseen.'
    if (!(error instanceof PortError))
      tools.log('error', 'A call broke off', { runId: hand.run.id, error: String(error) })
  }
  const sentence =
    outcome === 'accepted'
      ? 'Accepted; that is not proof yet.'
      : outcome === 'rejected'
        ? `Refused: ${message}`
        : `No certain answer: ${message} Looks at what happened before anything else.`
  const stepState = outcome === 'accepted' ? 'verifying' : outcome === 'rejected' ? 'failed' : 'unknown'
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

/** `unknown`: looks for a bounded time; it never sends again by itself, a lost runner's unanswered intent apart. */
export async function observeUnknown(hand: RunInHand, step: RunStep, definition: AnyStep): Promise<Progress> {
  const { world, ctx } = hand
  const every = paced(world, definition.everyMs)
  let seen: Observation
  try {
    seen = definition.observe
      ? await definition.observe(world, ctx)
      : { state: 'not-started', says: 'There is nothing to see of it.' }
  } catch (error) {
    await hand.tell(step, 'warning', worded(hand, error).sentence)
    // What cannot be seen is not "unchanged": a person is asked only after the longer time.
    if (elapsed(hand, step) < transientMs * world.pace + 5_000) return later(every)
    await hand.move(step, 'unchanged', { sentence: 'It could not be found out whether it happened; a person decides.' })
    return again
  }
  if (seen.state === 'done') await hand.move(step, 'found-done', { sentence: seen.says, facts: seen.facts })
  else if (seen.state === 'in-flight')
    await hand.move(step, 'found-in-flight', { sentence: seen.says, facts: seen.facts })
  else if (seen.state === 'conflict') await hand.move(step, 'refused', { sentence: seen.says, facts: seen.facts })
  else if (elapsed(hand, step) < paced(world, definition.settleMs ?? 60_000)) return later(every)
  else await hand.move(step, step.crashed ? 'settled' : 'unchanged')
  return again
}

/** `verifying`: looks until enough looks in a row agree, or the time is up. */
export async function verify(
  hand: RunInHand,
  step: RunStep,
  definition: AnyStep,
  agreed: { looks: number },
): Promise<Progress> {
  const { world, ctx, run } = hand
  if (definition.asks) {
    const approval = run.approvals.findLast((a) => a.state === 'approved')
    const sentence = approval
      ? `${approval.kind === 'break-glass' ? 'Break-glass' : 'Approved'} by ${approval.decidedBy?.name ?? 'a person'}.`
      : step.sentence
    await hand.move(step, approval ? 'proved' : 'proved-untouched', { sentence })
    return again
  }
  const spent = elapsed(hand, step)
  const limit = pacedLimit(world, definition.forMs)
  try {
    const look = await definition.verify(world, ctx, spent / world.pace)
    hand.learn(look.facts)
    agreed.looks = look.state === 'proved' ? agreed.looks + 1 : 0
    if (look.state === 'proved' && agreed.looks >= (definition.agreeing ?? 1)) {
      await hand.say(step.stepId, 'verified', look.says)
      const untouched = definition.effect !== 'READ' && !step.touched
      await hand.move(step, untouched ? 'proved-untouched' : 'proved', { sentence: look.says, facts: look.facts })
      return again
    }
    if (look.state === 'failed') {
      await hand.say(step.stepId, 'error', look.says)
      await hand.move(step, 'disproved', { sentence: look.says, facts: look.facts })
      return again
    }
    if (look.facts) await addFacts(hand.hand.store, hand.fence(), run.id, look.facts)
    await hand.tell(step, 'verified', look.says)
  } catch (error) {
    agreed.looks = 0
    await hand.tell(step, 'warning', worded(hand, error).sentence)
  }
  if (spent >= limit) {
    await hand.move(step, 'disproved', { sentence: `The proof did not come in time. Last seen: ${step.sentence}` })
    return again
  }
  return later(paced(world, definition.everyMs))
}

/** `undoing`: sends the way back once, then looks until a probe sees the former state. */
export async function undo(hand: RunInHand, step: RunStep, definition: AnyStep): Promise<Progress> {
  const { run, ctx, world, hand: tools } = hand
  const back = definition.undo
  if (!back) {
    await hand.move(step, 'undo-failed', { sentence: 'This step cannot be put back.' })
    return again
  }
  const last = run.effects.findLast((e) => e.stepId === step.stepId)
  if (last?.direction === 'undo' && last.outcome === null) return await takeUp(hand, step)
  const sent = last?.direction === 'undo' && last.intendedAt >= (step.startedAt ?? 0) && last.outcome !== 'rejected'
  const fresh = sent && (last.outcomeAt ?? 0) > 0 && last.attempt === step.attempts
  if (fresh) {
    const look = await back.verify(world, ctx)
    if (look.state === 'proved') {
      await hand.say(step.stepId, 'verified', look.says)
      await hand.move(step, 'undo-proved', { sentence: look.says, facts: look.facts })
      return again
    }
    const spent = run.readAt - (last.outcomeAt ?? run.readAt)
    if (look.state === 'failed' || spent > pacedLimit(world, definition.forMs)) {
      await hand.move(step, 'undo-failed', { sentence: look.says })
      return again
    }
    await hand.tell(step, 'verified', look.says)
    return later(paced(world, definition.everyMs))
  }
  if (last?.direction === 'undo' && last.attempt === step.attempts && last.outcome === 'rejected') {
    await hand.move(step, 'undo-failed', { sentence: last.message ?? 'Putting it back was refused.' })
    return again
  }
  const refusal = await tools.authorise(run.startedBy, 'start')
  if (refusal) {
    await hand.move(step, 'undo-failed', { sentence: refusal })
    return again
  }
  const call = back.call(ctx)
  const cli = renderCall(call)
  const intent = await intend(
    tools.store,
    hand.fence(),
    {
      runId: run.id,
      stepId: step.stepId,
      attempt: step.attempts + 1,
      direction: 'undo',
      call,
      cli,
      digest: digestOf(call),
      dangerous: false,
      sentence: `Puts it back: sends ${callName(call)}.`,
      appMs: world.now(),
    },
    hand.draft('effect.intent', `${step.title}: intends to put it back by ${callName(call)}`, step.stepId, {
      cli,
      digest: digestOf(call),
    }),
  )
  if (intent.refused !== null) return await intentRefused(hand, step, intent.refused)
  await send(hand, step, call, intent.id, 'undo')
  return again
}
