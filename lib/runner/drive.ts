import { type Approval, isMidEffect, lastEffect, latestApproval, type Run, type RunStep } from '../domain/run/run'
import { openSteps, runsAtOnce } from '../domain/run/stage'
import { isPausable, nextStep, runIsOver, stepIsSettled } from '../domain/run/states'
import { type AnyStep, definitionHash, type Facts, paced } from '../procedures/contract'
import { addFacts } from '../store/run-moves'
import { takeUp } from './act-step'
import { check } from './check-step'
import { lookAtDecisions } from './decided'
import { again, later, type Progress, patiently } from './progress'
import { observeUnknown, verify } from './prove-step'
import type { OpenRun, RunContext } from './run-context'
import { undo } from './undo-step'

/** Memory of one driver between two pieces of work; losing it costs nothing but a few looks. */
export interface Working {
  stepId: string | null
  agreed: { looks: number }
  /** The steps of a stage, each in a hand of its own. */
  hands: { round(context: RunContext): Promise<Progress> }
}

/** Does the next piece of work of a run, from what is written alone. */
export async function drive(context: RunContext, working: Working): Promise<Progress> {
  if (runsAtOnce(context.run)) return await working.hands.round(context)
  switch (context.run.state) {
    case 'preparing':
      return await prepare(context)
    case 'running':
      return await goOn(context, working)
    case 'waiting':
      return await waitForAnswer(context)
    case 'paused':
    case 'needs-person':
    case 'stopped':
    case 'done':
    case 'aborted':
      return again
  }
}

/**
 * What needs no definition, so that no version can keep a run from it: a run that is over, one that rests until a person
 * decides, and a wish to stop, which is fulfilled as soon as no effect is under way. Null when there is work to be done.
 */
export async function restOrStop(context: OpenRun): Promise<Progress | 'over' | null> {
  const { run } = context
  if (runIsOver(run.state)) return 'over'
  const midEffect = run.state === 'running' && openSteps(run.steps).some((step) => isMidEffect(run, step))
  if (run.wish === 'stop' && !midEffect) return await stopHere(context)
  return run.state === 'paused' || run.state === 'needs-person' ? later(1_000) : null
}

/**
 * Ends a piece of work that cannot go on, also where this version has no definition of the run: what was under way is settled,
 * the step fails with the cause, open requests for approval are withdrawn, and a
 * person decides. A run that has changed nothing yet ends instead, and frees its cluster.
 */
export async function askPerson(context: OpenRun, cause: string): Promise<Progress> {
  const { run } = context
  if (run.state === 'preparing') {
    const sentence = `Not started: ${cause}`
    await context.moveRun({ event: 'blocked', sentence }, sentence)
    return again
  }
  const open = openSteps(run.steps)
  // What was under way is settled first; the cause comes up again if it is still there.
  const unsettled = open.find((step) => isUnsettled(run, step))
  if (unsettled) return await takeUp(context, unsettled)
  for (const approval of run.approvals)
    if (approval.state === 'open')
      await context.dropApproval(approval.id, 'void', `Request withdrawn: ${cause}`, approval)
  // Of a stage each step that has begun; where none has, the first one asks.
  const begun = open.filter((step) => step.state !== 'pending')
  for (const step of begun.length > 0 ? begun : open.slice(0, 1))
    if (nextStep(step.state, 'broke-off')) await context.move(step, 'broke-off', { sentence: cause })
  await context.moveRun({ event: 'step-failed', sentence: cause }, `${open[0]?.title ?? run.title}: ${cause}`)
  return again
}

/** An effect of this step has no outcome, or its outcome has not moved the step yet. */
export const isUnsettled = (run: Run, step: RunStep): boolean =>
  step.state === 'acting' || (step.state === 'undoing' && lastEffect(run, step)?.outcome === null)

async function prepare(context: RunContext): Promise<Progress> {
  const { run, world, ctx } = context
  const checks = await context.procedure.preflight(world, ctx)
  for (const c of checks)
    await context.say(null, c.result === 'pass' ? 'observed' : 'warning', `${c.id} ${c.title}: ${c.message}`)
  const blocking = checks.filter((c) => c.result === 'block')
  if (blocking.length > 0 && run.mode !== 'dry-run') {
    const sentence = `Not started: ${blocking.map((c) => c.message).join(' ')}`
    await context.moveRun({ event: 'blocked', checks, sentence }, sentence, { checks })
  } else await context.moveRun({ event: 'ready', checks }, 'Prerequisites checked; the run continues.', { checks })
  return again
}

/** The definition of the first step that is not what the run started with, in words; null when all are. */
export function drift(run: Run, steps: AnyStep[], version: number): string | null {
  for (const step of run.steps) {
    const now = steps[step.index]
    if (now && now.id === step.stepId && definitionHash(version, now) === step.definitionHash) continue
    return now
      ? `The procedure changed during this run. The run started with step ${step.index + 1} "${step.title}"; this version has "${now.title}" there.`
      : `The procedure changed during this run. Step ${step.index + 1} "${step.title}" is not part of this version.`
  }
  return steps.length > run.steps.length
    ? `The procedure changed during this run. This version adds "${steps[run.steps.length]?.title}" after "${run.steps.at(-1)?.title}".`
    : null
}

/** Stops for good, wherever the run is, and names what was done and not rolled back. */
async function stopHere(context: OpenRun): Promise<Progress> {
  const { run } = context
  if (run.state === 'preparing') {
    await context.moveRun({ event: 'stop' }, 'Stopped before anything was changed.')
    return again
  }
  const done = run.steps.filter((s) => s.touched && s.state !== 'undone').map((s) => s.title)
  const sentence =
    done.length > 0
      ? `Stopped at a safe point. Done and not rolled back: ${done.join(', ')}.`
      : 'Stopped at a safe point; nothing was changed.'
  await context.moveRun({ event: 'stop', sentence }, sentence, { done })
  return again
}

async function goOn(context: RunContext, working: Working): Promise<Progress> {
  const { run, steps, procedure } = context
  const refused = await lookAtDecisions(context)
  if (refused) return refused
  const step = run.steps.find((s) => !stepIsSettled(s.state))
  const midEffect = step !== undefined && isMidEffect(run, step)
  if (run.wish === 'pause' && step && isPausable(step.state)) {
    await context.moveRun({ event: 'pause' }, 'Paused at a safe point, as requested.')
    return again
  }
  // The intent of an effect under way was written by the old definition: it is observed and ended before anything stops.
  const drifted = drift(run, steps, procedure.version)
  if (drifted && !midEffect) return await askPerson(context, drifted)
  if (!step) {
    if (run.mode === 'dry-run') {
      const sentence = 'The dry run has ended. Commands were shown, and nothing was changed.'
      await context.moveRun({ event: 'finish', sentence }, sentence)
      return again
    }
    const obligations = procedure.obligations(run.facts)
    await context.moveRun({ event: 'finish' }, 'The run is done.', { obligations })
    return again
  }
  const definition = steps.find((s) => s.id === step.stepId)
  if (!definition) return await askPerson(context, drifted ?? 'This step is not part of the procedure.')
  if (working.stepId !== step.stepId) {
    working.stepId = step.stepId
    working.agreed.looks = 0
  }
  return await work(context, step, definition, working.agreed)
}

/** One piece of a step's work. */
export async function work(
  context: RunContext,
  step: RunStep,
  definition: AnyStep,
  agreed: { looks: number },
): Promise<Progress> {
  switch (step.state) {
    case 'pending':
      // A move that was taken leaves nothing to be read again: the same piece of work looks.
      if (!(await context.move(step, 'begin', beginning(context.run, step)))) return again
      return await check(context, { ...step, state: 'checking', since: context.run.readAt }, definition)
    case 'checking':
      return await check(context, step, definition)
    case 'acting':
      return await takeUp(context, step)
    case 'unknown':
      return await observeUnknown(context, step, definition)
    case 'verifying':
      return await verify(context, step, definition, agreed)
    case 'undoing':
      return await patiently(
        context,
        step,
        { everyMs: paced(context.world, definition.everyMs), event: 'undo-failed' },
        () => undo(context, step, definition),
      )
    case 'waiting':
      await context.moveRun({ event: 'ask' }, `${step.title}: waiting for approval by a second person.`)
      return again
    case 'by-hand':
      await context.moveRun(
        { event: 'handed', sentence: `${step.title}: ${step.sentence}` },
        `${step.title}: run manually by a person.`,
      )
      return again
    case 'failed':
    case 'undone':
      await context.moveRun(
        { event: 'step-failed', sentence: `${step.title}: ${step.sentence}` },
        `${step.title}: a person decides how to continue.`,
      )
      return again
    case 'confirmed':
    case 'already-so':
    case 'skipped':
      return again
  }
}

/** What is said and recorded when a step begins: of one that runs at the same time as others, with how many. */
function beginning({ steps }: Run, { stage }: RunStep): { sentence?: string } {
  if (!stage) return {}
  const of = steps.filter((step) => step.stage?.id === stage.id).length
  const sentence = `Checking the situation before acting. One of ${of} steps at the same time, ${stage.atOnce} at most: ${stage.title}.`
  return { sentence }
}

/** Waits for a second person. What was shown is void as soon as it no longer holds, or after ten minutes. */
async function waitForAnswer(context: RunContext): Promise<Progress> {
  const { run } = context
  const step = run.steps.find((s) => s.state === 'waiting' || s.state === 'undoing')
  if (!step) {
    await context.moveRun({ event: 'answered' }, 'Nothing is waiting for approval.')
    return again
  }
  const drifted = drift(run, context.steps, context.procedure.version)
  if (drifted) return await askPerson(context, drifted)
  return await awaitAnswer(context, step)
}

/** One look for the answer to what a step asks. The run goes on with it, where it is not under way already. */
export async function awaitAnswer(context: RunContext, step: RunStep): Promise<Progress> {
  const { run } = context
  const approval = latestApproval(run, step)
  if (approval?.state === 'refused') {
    const sentence = `${approval.decidedBy?.name ?? 'The second person'} refused${approval.reason ? `: ${approval.reason}` : '.'}`
    await context.move(step, step.state === 'undoing' ? 'undo-failed' : 'approval-refused', { sentence })
    if (!step.stage) await context.moveRun({ event: 'step-failed', sentence }, sentence)
    return again
  }
  if (approval?.state === 'approved') {
    const text = `${approval.title}: approved by ${approval.decidedBy?.name ?? 'a person'}.`
    const answered = run.state === 'waiting' ? [context.runMove({ event: 'answered' }, text)] : []
    if (step.state === 'undoing') {
      await context.makeMoves(...answered)
      return again
    }
    const moves = step.state === 'waiting' ? [...answered, context.stepMove(step, 'approved')] : answered
    // Of a stage only so many steps are at work at once: it is checked when there is a place.
    if (!(await context.makeMoves(...moves)) || step.stage) return again
    const definition = context.steps.find((s) => s.id === step.stepId)
    return definition ? await check(context, { ...step, state: 'checking', since: run.readAt }, definition) : again
  }
  const everyMs = paced(context.world, 2_000)
  const event = step.state === 'undoing' ? 'undo-failed' : 'broke-off'
  return await patiently(context, step, { everyMs, event }, () => askOn(context, step, approval, everyMs))
}

/** A run that waits for people is under way again; one that works besides has not stopped. */
async function goesOn(context: RunContext, text: string, facts?: Facts): Promise<void> {
  if (context.run.state === 'waiting') await context.moveRun({ event: 'answered', facts }, text)
}

/** Nobody has answered yet: is what was shown still so, and is the request still in time? */
async function askOn(
  context: RunContext,
  step: RunStep,
  approval: Approval | undefined,
  everyMs: number,
): Promise<Progress> {
  const { run, world, ctx } = context
  const open = approval?.state === 'open' ? approval : null
  const expired = open !== null && open.expiresAt <= run.readAt
  if (open && expired)
    await context.dropApproval(
      open.id,
      'expired',
      'Nobody answered within ten minutes. Approval is requested again.',
      step,
    )
  const definition = context.steps.find((s) => s.id === step.stepId)
  if (step.state === 'undoing') {
    if (open && !expired) return (await rollbackBarred(context, step, open, definition)) ?? later(everyMs)
    // Back to the step itself, which checks its guard and requests approval anew.
    await goesOn(context, 'Approval of the rollback is requested again.')
    return again
  }
  if (!open || expired) {
    await context.requestApproval(step)
    return later(Math.min(1_000, everyMs))
  }
  const seen = await definition?.observe?.(world, ctx)
  // Done without us, or otherwise than was asked: what was shown no longer holds, either way.
  if (seen?.state === 'done' || seen?.state === 'conflict') {
    context.learn(seen.facts)
    await context.dropApproval(open.id, 'void', seen.says, step)
    await goesOn(context, seen.says, seen.facts)
    await context.move(step, 'approved', { facts: seen.facts, sentence: seen.says })
    return again
  }
  context.learn(seen?.facts)
  const outgrown = await context.outgrown(step, open)
  if (outgrown) {
    if (seen?.facts) await addFacts(context.engine.store, context.fence(), run.id, seen.facts)
    await context.dropApproval(open.id, 'void', `${outgrown} Approval is requested again.`, step)
    await context.requestApproval(step)
  }
  return later(everyMs)
}

/** A rollback that may not be done as things are is not asked for any longer. */
async function rollbackBarred(
  context: RunContext,
  step: RunStep,
  open: Approval,
  definition: AnyStep | undefined,
): Promise<Progress | null> {
  const barred = (await definition?.undo?.guard?.(context.world, context.ctx)) ?? null
  if (barred === null) return null
  await context.dropApproval(open.id, 'void', barred, step)
  await context.move(step, 'undo-failed', { sentence: barred })
  return again
}
