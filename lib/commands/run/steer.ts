import { z } from 'zod'
import { conflict, notFound } from '../../domain/errors'
import type { Permission } from '../../domain/people/permissions'
import { secondPersonSentence } from '../../domain/people/second-person'
import { every } from '../../domain/right'
import { type Decision, decisionFacts } from '../../domain/run/decision'
import { mayDecide, mayRetry, mayUndo, type RunQuestion, runRight } from '../../domain/run/rights'
import type { Run, RunStep } from '../../domain/run/run'
import { takesDecisions } from '../../domain/run/stage'
import { runIsOver } from '../../domain/run/states'
import type { Surroundings } from '../../procedures/contract'
import { procedureBySlug } from '../../procedures/index'
import { stepsWith } from '../../procedures/procedure'
import { betweenTwo, firstRefusal, knownPeople, type PeopleNow } from '../../store/people-online'
import { readRun } from '../../store/run'
import { decideStep, resumeRun as resume, setWish } from '../../store/run-decisions'
import { signal } from '../../store/signal'
import { actorOf, authorise, type CommandContext, demand } from '../context'

/* What people decide about a run under way: on with a step, and the run as a whole. */

export const reason = z
  .string()
  .trim()
  .min(10, 'Enter a reason (10 characters or more).')
  .max(500, 'At most 500 characters.')
export const runInput = z.object({ runId: z.string() })
export const stopRunInput = z.object({ runId: z.string(), reason })
export const stepInput = z.object({ runId: z.string(), stepId: z.string() })
export const skipStepInput = stepInput.extend({ reason })

/** A run, and one of its steps. Throws ExpectedError 'not-found'. */
export async function stepOf(
  context: CommandContext,
  runId: string,
  stepId: string,
): Promise<{ run: Run; step: RunStep }> {
  const run = await readRun(context.store, runId, context.environment.name)
  const step = run.steps.find((s) => s.stepId === stepId)
  if (!step) throw notFound('This step')
  return { run, step }
}

export const definitionOf = (run: Run, step: RunStep, environment: Surroundings) =>
  stepsOfRun(run, environment).find((s) => s.id === step.stepId)

const stepsOfRun = (run: Run, environment: Surroundings) => {
  const procedure = procedureBySlug(run.procedureId)
  return procedure ? stepsWith(procedure, environment, run.inputs) : []
}

export const entry = (context: CommandContext, run: Run, kind: string, text: string, stepId: string | null = null) => ({
  kind,
  actor: actorOf(context),
  text,
  runId: run.id,
  incidentNumber: run.incidentNumber,
  stepId,
})

/** The question whether this person may do something with this run. */
export const questionOf = (
  context: CommandContext,
  run: Run,
  more: Partial<Pick<RunQuestion, 'optional' | 'notSecond' | 'breakGlass'>> = {},
): RunQuestion => ({
  run,
  person: context.person,
  optional: false,
  notSecond: { decide: null, approve: null },
  breakGlass: false,
  ...more,
})

export const moved = () => conflict('The run has moved on. Reload and decide again.')

/** The decision as the runner will look at it again, in its own hand. */
export const decisionBy = (
  context: CommandContext,
  event: Decision['event'],
  step: Pick<RunStep, 'stepId' | 'attempts'> | null,
  permission: Permission,
  former?: Decision['former'],
): Decision => ({
  event,
  stepId: step?.stepId ?? null,
  attempts: step?.attempts ?? 0,
  by: { id: context.person.id, name: context.person.name },
  permission,
  checked: false,
  ...(former && { former }),
})

/** Moves the step and lets the run go on, together and only from where the person saw them. */
export async function decide(
  context: CommandContext,
  { run, step }: { run: Run; step: RunStep },
  event: Exclude<Decision['event'], 'resume' | 'revise'>,
  permission: Permission,
  says: { text: string; sentence?: string; skipReason?: string },
): Promise<void> {
  const { id, name } = context.person
  demand(mayDecide(step, event))
  const { state } = run
  const besides = (state === 'running' || state === 'waiting') && takesDecisions(run, step)
  if (state !== 'needs-person' && state !== 'paused' && !besides) throw moved()
  const done = await decideStep(
    context.store,
    context,
    {
      runId: run.id,
      stepId: step.stepId,
      event,
      from: step.state,
      runFrom: state,
      sentence: says.sentence,
      facts: decisionFacts(decisionBy(context, event, step, permission)),
      skippedBy: says.skipReason ? { id, name, reason: says.skipReason } : null,
    },
    {
      step: entry(context, run, `step.${event}`, says.text, step.stepId),
      run: entry(context, run, 'run.decided', `${name} decided; the run continues.`),
    },
  )
  if (!done) throw moved()
  await signal(context.store, { what: 'run', id: run.id })
}

/** Tries a failed or undone step again, looking first. Throws ExpectedError 'conflict', 'not-allowed'. */
export async function retryStep(context: CommandContext, input: z.output<typeof stepInput>): Promise<void> {
  authorise(context, 'run')
  const { run, step } = await stepOf(context, input.runId, input.stepId)
  demand(every(runRight('retry', questionOf(context, run)), mayRetry(run, step)))
  await decide(context, { run, step }, 'retry', 'run', { text: `${step.title}: ${context.person.name} retries.` })
}

/**
 * In a two-person run what is approved, left out or done past the runner is decided by a second person: why this person is
 * none, in a sentence, or null.
 */
export async function whyNotSecond(
  context: CommandContext,
  run: Run,
  /** Those who began it or chose it. */
  acted: readonly string[] = [run.startedBy.id],
  known: Promise<PeopleNow> = knownPeople(context.store),
): Promise<string | null> {
  const { person } = context
  const people = await known
  const found = run.twoPersons ? firstRefusal(acted, person.id, people) : null
  return (
    found &&
    secondPersonSentence(found.refusal, betweenTwo(run, found.besides, person, people.names), people, person.id)
  )
}

/**
 * Goes on without a step: with a reason, and in a two-person run only by a second person, unless the step is optional.
 * Throws ExpectedError.
 */
export async function skipStep(
  context: CommandContext,
  environment: Surroundings,
  input: z.output<typeof skipStepInput>,
): Promise<void> {
  authorise(context, 'run')
  const { run, step } = await stepOf(context, input.runId, input.stepId)
  const optional = definitionOf(run, step, environment)?.optional !== undefined
  const permission = optional ? 'run' : 'command'
  const notSecond = optional ? null : await whyNotSecond(context, run)
  demand(runRight('skip', questionOf(context, run, { optional, notSecond: { decide: notSecond, approve: null } })))
  await decide(context, { run, step }, 'skip', permission, {
    text: `${step.title}: skipped. ${input.reason}`,
    sentence: `Skipped by ${context.person.name}: ${input.reason}`,
    skipReason: input.reason,
  })
}

/** Requests that what a step changed is rolled back; a dangerous rollback is approved first. Throws ExpectedError. */
export async function undoStep(
  context: CommandContext,
  environment: Surroundings,
  input: z.output<typeof stepInput>,
): Promise<void> {
  authorise(context, 'command')
  const { run, step } = await stepOf(context, input.runId, input.stepId)
  const hasWayBack = definitionOf(run, step, environment)?.undo !== undefined
  demand(every(runRight('undo', questionOf(context, run)), mayUndo(step, hasWayBack)))
  await decide(context, { run, step }, 'undo', 'command', {
    text: `${step.title}: ${context.person.name} requested a rollback.`,
  })
}

async function wish(context: CommandContext, runId: string, what: 'pause' | 'stop', text: string): Promise<void> {
  authorise(context, 'run')
  const run = await readRun(context.store, runId, context.environment.name)
  // Two people may want the same at the same moment.
  if (run.wish === what && !runIsOver(run.state)) return
  demand(runRight(what, questionOf(context, run)))
  if (!(await setWish(context.store, context, runId, what, entry(context, run, `run.asked-to-${what}`, text))))
    throw moved()
  await signal(context.store, { what: 'run', id: runId })
}

/** Pauses at the next safe point. Throws ExpectedError. */
export const pauseRun = (context: CommandContext, input: z.output<typeof runInput>): Promise<void> =>
  wish(context, input.runId, 'pause', `${context.person.name} asked for a pause.`)

/** Stops for good at the next safe point; an effect under way is ended and looked at first. Throws ExpectedError. */
export const stopRun = (context: CommandContext, input: z.output<typeof stopRunInput>): Promise<void> =>
  wish(context, input.runId, 'stop', `${context.person.name} asked to stop: ${input.reason}`)

/**
 * Continues after a pause, or withdraws the request for one; also where a person was asked and no step awaits a decision,
 * such as after a change of versions. Throws ExpectedError.
 */
export async function resumeRun(context: CommandContext, input: z.output<typeof runInput>): Promise<void> {
  authorise(context, 'run')
  const run = await readRun(context.store, input.runId, context.environment.name)
  const draft = entry(context, run, 'run.resumed', `${context.person.name} continued the run.`)
  const rests = run.state === 'paused' || run.state === 'needs-person'
  demand(runRight('resume', questionOf(context, run)))
  const done = rests
    ? await resume(context.store, context, run.id, run.state, decisionBy(context, 'resume', null, 'run'), draft)
    : await setWish(context.store, context, run.id, null, draft)
  if (!done) throw moved()
  await signal(context.store, { what: 'run', id: run.id })
}
