import { z } from 'zod'
import { conflict, ExpectedError, notFound } from '../../domain/errors'
import { countedAttempts, type Run, type RunStep } from '../../domain/run/run'
import { attemptCap, nextStep, runIsOver } from '../../domain/run/states'
import type { Surroundings } from '../../procedures/contract'
import { procedureBySlug } from '../../procedures/index'
import { readRun } from '../../store/run'
import { moveRun, moveStep, setWish } from '../../store/run-moves'
import { signal } from '../../store/signal'
import { actorOf, authorise, type CommandContext } from '../context'

const reason = z.string().trim().min(10, 'Say why, in at least 10 characters.').max(500, 'At most 500 characters.')
export const runInput = z.object({ runId: z.string() })
export const stopRunInput = z.object({ runId: z.string(), reason })
export const stepInput = z.object({ runId: z.string(), stepId: z.string() })
export const skipStepInput = stepInput.extend({ reason })

async function stepOf(context: CommandContext, runId: string, stepId: string): Promise<{ run: Run; step: RunStep }> {
  const run = await readRun(context.store, runId)
  const step = run.steps.find((s) => s.stepId === stepId)
  if (!step) throw notFound('This step')
  if (runIsOver(run.state)) throw conflict('This run is over.')
  return { run, step }
}

const definitionOf = (run: Run, step: RunStep, environment: Surroundings) =>
  procedureBySlug(run.procedureId)
    ?.steps(environment)
    .find((s) => s.id === step.stepId)

const entry = (context: CommandContext, run: Run, kind: string, text: string, stepId: string | null = null) => ({
  kind,
  actor: actorOf(context),
  text,
  runId: run.id,
  incidentId: run.incidentId,
  stepId,
})

const moved = () => conflict('The run has moved on meanwhile. Look again and decide anew.')

/** Moves the step, then lets the run go on; both only from where the person saw them. */
async function decide(
  context: CommandContext,
  run: Run,
  step: RunStep,
  event: 'retry' | 'skip' | 'undo',
  text: string,
  skipReason?: string,
): Promise<void> {
  if (!nextStep(step.state, event)) throw moved()
  const { id, name } = context.person
  const done = await moveStep(
    context.store,
    null,
    run.id,
    step.stepId,
    {
      from: step.state,
      event,
      sentence: event === 'skip' ? `Skipped by ${name}: ${skipReason}` : undefined,
      skippedBy: skipReason ? { id, name, reason: skipReason } : undefined,
    },
    entry(context, run, `step.${event}`, text, step.stepId),
  )
  if (!done) throw moved()
  if (run.state === 'needs-person')
    await moveRun(
      context.store,
      null,
      run.id,
      { from: 'needs-person', event: 'decided' },
      entry(context, run, 'run.decided', `${name} decided; the run goes on.`),
    )
  await signal(context.store, { what: 'run', id: run.id })
}

/** Tries a failed or undone step again, looking first. Throws ExpectedError 'conflict', 'not-allowed'. */
export async function retryStep(context: CommandContext, input: z.output<typeof stepInput>): Promise<void> {
  authorise(context, 'run')
  const { run, step } = await stepOf(context, input.runId, input.stepId)
  if (run.state !== 'needs-person') throw moved()
  if (countedAttempts(run, step) >= attemptCap)
    throw conflict(`This step was tried ${step.attempts} times; more needs a new run.`)
  await decide(context, run, step, 'retry', `${step.title}: ${context.person.name} retries.`)
}

/**
 * Goes on without a step: with a reason, and in a two-person run never by the one who started it, unless the step is optional.
 * Throws ExpectedError.
 */
export async function skipStep(
  context: CommandContext,
  environment: Surroundings,
  input: z.output<typeof skipStepInput>,
): Promise<void> {
  const { run, step } = await stepOf(context, input.runId, input.stepId)
  const optional = definitionOf(run, step, environment)?.optional !== undefined
  authorise(context, optional ? 'run' : 'command')
  if (!optional && run.twoPersons && run.startedBy.id === context.person.id)
    throw new ExpectedError('not-allowed', 'You started this run; another person must decide to skip a step.')
  if (run.state !== 'needs-person') throw moved()
  await decide(context, run, step, 'skip', `${step.title}: skipped. ${input.reason}`, input.reason)
}

/** Puts back what a step changed. Throws ExpectedError. */
export async function undoStep(
  context: CommandContext,
  environment: Surroundings,
  input: z.output<typeof stepInput>,
): Promise<void> {
  authorise(context, 'command')
  const { run, step } = await stepOf(context, input.runId, input.stepId)
  if (run.state !== 'needs-person') throw moved()
  if (!definitionOf(run, step, environment)?.undo) throw conflict('This step cannot be put back.')
  await decide(context, run, step, 'undo', `${step.title}: ${context.person.name} puts it back.`)
}

async function wish(context: CommandContext, runId: string, what: 'pause' | 'stop', text: string): Promise<void> {
  authorise(context, 'run')
  const run = await readRun(context.store, runId)
  if (runIsOver(run.state)) throw conflict('This run is over.')
  if (!(await setWish(context.store, runId, what, entry(context, run, `run.asked-to-${what}`, text)))) throw moved()
  await signal(context.store, { what: 'run', id: runId })
}

/** Pauses at the next safe point. Throws ExpectedError. */
export const pauseRun = (context: CommandContext, input: z.output<typeof runInput>): Promise<void> =>
  wish(context, input.runId, 'pause', `${context.person.name} asked for a pause.`)

/** Stops for good at the next safe point; an effect under way is ended and looked at first. Throws ExpectedError. */
export const stopRun = (context: CommandContext, input: z.output<typeof stopRunInput>): Promise<void> =>
  wish(context, input.runId, 'stop', `${context.person.name} asked to stop: ${input.reason}`)

/** Goes on after a pause, or takes back the wish for one. Throws ExpectedError. */
export async function resumeRun(context: CommandContext, input: z.output<typeof runInput>): Promise<void> {
  authorise(context, 'run')
  const run = await readRun(context.store, input.runId)
  const draft = entry(context, run, 'run.resumed', `${context.person.name} lets the run go on.`)
  const done =
    run.state === 'paused'
      ? await moveRun(context.store, null, run.id, { from: 'paused', event: 'resume' }, draft)
      : run.wish === 'pause' && (await setWish(context.store, run.id, null, draft))
  if (!done) throw moved()
  await signal(context.store, { what: 'run', id: run.id })
}
