import { digestOf } from '../domain/procedure/canonical'
import { callName, renderCall } from '../domain/procedure/render'
import { decisionOf } from '../domain/run/decision'
import type { RunStep } from '../domain/run/run'
import { type AnyStep, paced, pacedLimit } from '../procedures/contract'
import { intend } from '../store/journal'
import { intentRefused, send, takeUp } from './act-step'
import type { RunInHand } from './hand'
import { again, later, type Progress } from './progress'

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
  // Whoever asked for it, not whoever started: the right may be gone since.
  const decision = decisionOf(run.facts)
  const refusal =
    decision?.event === 'undo'
      ? await tools.authorise(decision.by, decision.permission)
      : 'Nobody is known who asked to put this back.'
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
