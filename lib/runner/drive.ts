import type { Run, RunStep } from '../domain/run/run'
import { runIsOver, stepIsBusy, stepIsSettled } from '../domain/run/states'
import { type AnyStep, definitionHash, paced } from '../procedures/contract'
import { dropApproval } from '../store/approval'
import { takeUp } from './act-step'
import { check } from './check-step'
import { lookAtDecision } from './decided'
import { type RunInHand, worded } from './hand'
import { again, later, type Progress } from './progress'
import { observeUnknown, verify } from './prove-step'
import { undo } from './undo-step'

/** Memory of one driver between two pieces of work; losing it costs nothing but a few looks. */
export interface Working {
  stepId: string | null
  agreed: { looks: number }
}

/** Does the next piece of work of a run, from what is written alone. */
export async function drive(hand: RunInHand, working: Working): Promise<Progress | 'over'> {
  const { run } = hand
  if (runIsOver(run.state)) return 'over'
  switch (run.state) {
    case 'preparing':
      return await prepare(hand)
    case 'running':
      return await goOn(hand, working)
    case 'waiting':
      return await waitForAnswer(hand)
    case 'paused':
    case 'needs-person':
      if (run.wish !== 'stop') return later(1_000)
      return await stopHere(hand)
    default:
      return 'over'
  }
}

async function prepare(hand: RunInHand): Promise<Progress> {
  if (hand.run.wish === 'stop') {
    await hand.moveRun({ event: 'stop' }, 'Stopped before anything was changed.')
    return again
  }
  const checks = await hand.procedure.preflight(hand.world, hand.ctx)
  for (const c of checks)
    await hand.say(null, c.result === 'pass' ? 'observed' : 'warning', `${c.id} ${c.title}: ${c.message}`)
  const blocking = checks.filter((c) => c.result === 'block')
  if (blocking.length > 0 && hand.run.mode !== 'dry-run') {
    const sentence = `Not started: ${blocking.map((c) => c.message).join(' ')}`
    await hand.moveRun({ event: 'blocked', checks, sentence }, sentence, { checks })
  } else
    await hand.moveRun({ event: 'ready', checks }, 'The prerequisites were looked at; the run goes on.', { checks })
  return again
}

/** The definition of the first step that is not what the run started with, in words; null when all are. */
export function drift(run: Run, steps: AnyStep[], version: number): string | null {
  for (const step of run.steps) {
    const now = steps[step.index]
    if (now && now.id === step.stepId && definitionHash(version, now) === step.definitionHash) continue
    return now
      ? `The procedure changed while this run was under way: it started with step ${step.index + 1} "${step.title}", and the present version has "${now.title}" there. A person decides.`
      : `The procedure changed while this run was under way: step ${step.index + 1} "${step.title}" is not part of the present version. A person decides.`
  }
  return steps.length > run.steps.length
    ? `The procedure changed while this run was under way: the present version adds "${steps[run.steps.length]?.title}" after "${run.steps.at(-1)?.title}". A person decides.`
    : null
}

/** Stops for good, wherever the run stands, and names what was done and not put back. */
async function stopHere(hand: RunInHand): Promise<Progress> {
  const toUndo = hand.run.steps.filter((s) => s.touched && s.state !== 'undone').map((s) => s.title)
  const sentence =
    toUndo.length > 0
      ? `Stopped at a safe point. Done and not put back: ${toUndo.join(', ')}.`
      : 'Stopped at a safe point; nothing was changed.'
  await hand.moveRun({ event: 'stop', sentence }, sentence, { done: toUndo })
  return again
}

async function goOn(hand: RunInHand, working: Working): Promise<Progress> {
  const { run } = hand
  const refused = await lookAtDecision(hand)
  if (refused) return refused
  const steps = hand.procedure.steps(hand.world.environment)
  const step = run.steps.find((s) => !stepIsSettled(s.state))
  const busy = step !== undefined && stepIsBusy(step.state)
  if (run.wish === 'stop' && !busy) return await stopHere(hand)
  if (run.wish === 'pause' && !busy) {
    await hand.moveRun({ event: 'pause' }, 'Paused at a safe point, as asked.')
    return again
  }
  // A step that is busy has its intent written by the old definition: it is observed and ended before anything stops.
  const drifted = drift(run, steps, hand.procedure.version)
  if (drifted && !busy) {
    await hand.say(null, 'error', drifted)
    await hand.moveRun({ event: 'drifted', sentence: drifted }, drifted)
    return again
  }
  if (!step) {
    await hand.moveRun({ event: 'finish' }, 'The run is done.', {
      obligations: hand.procedure.obligations(hand.ctx.facts),
    })
    return again
  }
  const definition = steps.find((s) => s.id === step.stepId)
  if (!definition) {
    await hand.moveRun(
      { event: 'drifted', sentence: drifted ?? undefined },
      drifted ?? 'A step is gone from the procedure.',
    )
    return again
  }
  if (working.stepId !== step.stepId) {
    working.stepId = step.stepId
    working.agreed.looks = 0
  }
  return await work(hand, step, definition, steps, working)
}

async function work(
  hand: RunInHand,
  step: RunStep,
  definition: AnyStep,
  steps: AnyStep[],
  working: Working,
): Promise<Progress> {
  switch (step.state) {
    case 'pending':
      // A move that was taken leaves nothing to be read again: the same piece of work looks.
      if (!(await hand.move(step, 'begin'))) return again
      return await check(hand, { ...step, state: 'checking', since: hand.run.readAt }, definition, steps)
    case 'checking':
      return await check(hand, step, definition, steps)
    case 'acting':
      return await takeUp(hand, step)
    case 'unknown':
      return await observeUnknown(hand, step, definition)
    case 'verifying':
      return await verify(hand, step, definition, working.agreed)
    case 'undoing':
      return await undo(hand, step, definition)
    case 'waiting':
      await hand.moveRun({ event: 'ask' }, `${step.title}: waits for a second person.`)
      return again
    case 'by-hand':
      await hand.moveRun({ event: 'handed', sentence: `${step.title}: ${step.sentence}` }, `${step.title}: by hand.`)
      return again
    case 'failed':
    case 'undone':
      await hand.moveRun(
        { event: 'step-failed', sentence: `${step.title}: ${step.sentence}` },
        `${step.title}: a person decides how to go on.`,
      )
      return again
    default:
      return again
  }
}

/** Waits for a second person; what was shown falls as soon as it is no longer true, or after ten minutes. */
async function waitForAnswer(hand: RunInHand): Promise<Progress> {
  const { run } = hand
  const step = run.steps.find((s) => s.state === 'waiting')
  if (run.wish === 'stop') return await stopHere(hand)
  if (!step) {
    await hand.moveRun({ event: 'answered' }, 'Nothing waits for an answer any more.')
    return again
  }
  const steps = hand.procedure.steps(hand.world.environment)
  const approval = run.approvals.at(-1)
  if (approval?.state === 'refused') {
    const sentence = `${approval.decidedBy?.name ?? 'The second person'} refused${approval.reason ? `: ${approval.reason}` : '.'}`
    await hand.move(step, 'approval-refused', { sentence })
    await hand.moveRun({ event: 'step-failed', sentence }, sentence)
    return again
  }
  if (approval?.state === 'approved') {
    await hand.moveRun(
      { event: 'answered' },
      `${approval.title}: approved by ${approval.decidedBy?.name ?? 'a person'}.`,
    )
    const definition = steps.find((s) => s.id === step.stepId)
    if (!(await hand.move(step, 'approved')) || !definition || drift(run, steps, hand.procedure.version)) return again
    return await check(hand, { ...step, state: 'checking', since: run.readAt }, definition, steps)
  }
  if (approval?.state !== 'open') {
    await hand.requestApproval(step, steps)
    return later(1_000)
  }
  if (approval.expiresAt <= run.readAt) {
    const why = 'Nobody answered within ten minutes; asks again with what is so now.'
    await dropApproval(
      hand.hand.store,
      approval.id,
      'expired',
      hand.draft('approval.expired', why, step.stepId, { id: approval.id }),
    )
    await hand.say(step.stepId, 'warning', why)
    await hand.requestApproval(step, steps)
    return later(1_000)
  }
  return await stillSo(hand, step, steps, approval)
}

async function stillSo(
  hand: RunInHand,
  step: RunStep,
  steps: AnyStep[],
  approval: Run['approvals'][number],
): Promise<Progress> {
  const every = paced(hand.world, 2_000)
  const definition = steps.find((s) => s.id === step.stepId)
  try {
    const seen = await definition?.observe?.(hand.world, hand.ctx)
    // Done without us, or otherwise than was asked: what was shown is no longer so, either way.
    if (seen?.state === 'done' || seen?.state === 'conflict') {
      hand.learn(seen.facts)
      await dropApproval(
        hand.hand.store,
        approval.id,
        'void',
        hand.draft('approval.void', seen.says, step.stepId, { id: approval.id }),
      )
      await hand.say(step.stepId, 'warning', seen.says)
      await hand.moveRun({ event: 'answered', facts: seen.facts }, seen.says)
      await hand.move(step, 'approved', { facts: seen.facts, sentence: seen.says })
      return again
    }
    const now = await hand.procedure.ask(hand.world, hand.ctx)
    const outgrown = hand.procedure.outgrown(approval.bound, now.bound)
    if (outgrown) {
      await dropApproval(
        hand.hand.store,
        approval.id,
        'void',
        hand.draft('approval.void', outgrown, step.stepId, { id: approval.id }),
      )
      await hand.say(step.stepId, 'warning', `${outgrown} Asks again.`)
      await hand.requestApproval(step, steps)
    }
  } catch (error) {
    await hand.say(step.stepId, 'warning', worded(hand, error).sentence)
  }
  return later(every)
}
