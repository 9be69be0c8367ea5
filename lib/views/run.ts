import { approvalSite } from '../config/environment'
import { outsideChannels } from '../domain/break-glass'
import { challengeBytes } from '../domain/people/passkey'
import { may } from '../domain/people/permissions'
import { secondPersonSentence } from '../domain/people/second-person'
import { approvalChallenge } from '../domain/run/approval-challenge'
import { actedIn } from '../domain/run/approval-rule'
import { waitEnds, waitingOf } from '../domain/run/decision'
import type { Forecast, OwnFigure } from '../domain/run/remaining'
import { runRights } from '../domain/run/rights'
import type { Approval, Run } from '../domain/run/run'
import { atWorkBeside, isAtRest, shownStepId, takesDecisions } from '../domain/run/stage'
import { runIsOver } from '../domain/run/states'
import type {
  ApprovalSigning,
  ApprovalView,
  Approver,
  RunRights,
  RunSummary,
  RunView,
  StepView,
} from '../domain/run/view'
import type { AnyProcedure, AnyStep, StepContext } from '../procedures/contract'
import { readFacts } from '../procedures/facts'
import { procedureBySlug } from '../procedures/index'
import { comparisonOf } from '../procedures/point-in-time/reconcile-facts'
import { searchViewOf } from '../procedures/point-in-time/search-view'
import { previewOf } from '../procedures/previewing'
import { admit } from '../store/admission'
import { readToldOutside } from '../store/break-glass'
import { listPasskeys } from '../store/passkeys'
import { approversOf, betweenTwo, firstRefusal } from '../store/people-online'
import { listRuns, readRun } from '../store/run'
import { readOutput, searchOutput } from '../store/run-output'
import { stepsOf, type ViewContext, type ViewSource } from './context'
import { obligationDoneBy } from './copies'
import { pastOf, readForecast } from './incident-clocks'
import { timesOfRun } from './measures'
import { choices } from './run-rights'

type Told = Awaited<ReturnType<typeof readToldOutside>>

function summary(run: Run, told: Told): RunSummary {
  const current = run.steps.find((step) => step.stepId === shownStepId(run))
  return {
    id: run.id,
    slug: run.procedureId,
    title: run.title,
    mode: run.mode,
    environment: run.environment,
    state: run.state,
    sentence: run.sentence,
    incidentNumber: run.incidentNumber,
    startedBy: run.startedBy,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    step: current
      ? {
          number: current.index + 1,
          of: run.steps.length,
          title: current.title,
          besides: atWorkBeside(run.steps, current).map(({ title }) => title),
        }
      : null,
    alone: aloneIn(run, told),
  }
}

/** The last yes of one person alone. */
export const brokenGlassOf = (run: Run): Approval | null =>
  run.approvals.findLast((a) => a.kind === 'break-glass' && a.decidedBy !== null) ?? null

/** Who used break-glass last, and who outside was told. */
function aloneIn(run: Run, told: Told): RunSummary['alone'] {
  const broken = brokenGlassOf(run)
  return broken?.decidedBy && broken.decidedAt !== null
    ? {
        by: broken.decidedBy,
        at: broken.decidedAt,
        reason: broken.reason ?? '',
        fell: broken.state !== 'approved',
        told: told.get(broken.id) ?? [],
      }
    : null
}

const toldOf = ({ store }: ViewSource, runs: Run[]): Promise<Told> =>
  readToldOutside(
    store.prisma,
    runs.flatMap((run) => brokenGlassOf(run)?.id ?? []),
  )

/** The newest runs. Throws ExpectedError. */
export async function readRuns(
  source: ViewSource,
  filter: { active?: boolean; incidentNumber?: number } = {},
): Promise<RunSummary[]> {
  const runs = await listRuns(source.store, { ...filter, environment: source.environment.name, limit: 50 })
  const told = await toldOf(source, runs)
  return runs.map((run) => summary(run, told))
}

interface RunAnswer {
  run: RunView
  rights: RunRights
  /** Who may say yes, while somebody is asked. */
  approvers: Approver[]
  /** What the viewer's passkey must sign, by the request; null where approvals take a fresh sign-in. */
  signing: { [approvalId: string]: ApprovalSigning } | null
}

/** As many approvers are named at most. */
const mostApprovers = 12

/** A run as the person sees it, with what they may do. Throws ExpectedError 'not-found', 'store-unavailable'. */
export async function readRunFor(context: ViewContext, id: string): Promise<RunAnswer> {
  const { store, environment, person } = context
  const run = await readRun(store, id, environment.name)
  const asked = run.approvals.filter((approval) => approval.state === 'open')
  const open = asked.find(({ stepId }) => stepId === shownStepId(run)) ?? asked[0] ?? null
  const acted = open ? actedIn(run, open) : [run.startedBy.id]
  const decides =
    open !== null ||
    run.state === 'paused' ||
    run.steps.some((step) => isAtRest(step.state) && takesDecisions(run, step))
  const [figures, forecast, told, who, signing] = await Promise.all([
    pastOf(context, run.procedureId),
    readForecast(context, run, run.readAt),
    toldOf(context, [run]),
    decides ? approversOf(store, run.twoPersons ? acted : []) : null,
    open && signingOf(context, run, asked),
  ])
  const notSecond = (besides: readonly string[]): string | null => {
    const found = run.twoPersons && who ? firstRefusal(besides, person.id, who.people) : null
    if (!found || !who) return null
    const between = betweenTwo(run, found.besides, person, who.people.names)
    return secondPersonSentence(found.refusal, between, who.people, person.id)
  }
  return {
    run: presentRun(context, run, figures.steps, forecast, told),
    rights: runRights({
      run,
      person,
      optional: optionalNow(context, run),
      notSecond: { decide: notSecond([run.startedBy.id]), approve: notSecond(acted) },
      breakGlass: environment.policy.breakGlass,
    }),
    approvers: open && who ? who.approvers.slice(0, mostApprovers) : [],
    signing,
  }
}

/** What this person's passkey must sign to approve; null where approvals take a fresh sign-in. */
async function signingOf(context: ViewContext, run: Run, asked: Approval[]): Promise<RunAnswer['signing']> {
  const { store, environment, person } = context
  const site = approvalSite(environment)
  if (!site || !may(person.role, 'approve')) return null
  const passkeys = await listPasskeys(store.prisma, person.id)
  const signing = (approval: Approval): ApprovalSigning => {
    const challenge = (kind: 'second-person' | 'break-glass') => challengeBytes(approvalChallenge(run, approval, kind))
    return {
      rpId: site.rpId,
      passkeys: passkeys.map(({ id, transports }) => ({ id, transports })),
      challenges: { 'second-person': challenge('second-person'), 'break-glass': challenge('break-glass') },
    }
  }
  return Object.fromEntries(asked.map((approval) => [approval.id, signing(approval)]))
}

/** May the run go without the step that it is at, by the procedure's own words? */
const optionalNow = (source: ViewSource, run: Run): boolean =>
  stepsOf(source, run).get(shownStepId(run) ?? '')?.optional !== undefined

/**
 * What this run fixed so far, over what it would fix if it began now: the commands of steps that are still to come. Null
 * while this version cannot read what the run fixed: then nothing is made of it.
 */
function contextOf(source: ViewSource, run: Run, procedure: AnyProcedure): StepContext<unknown, unknown> | null {
  const known = readFacts(procedure.facts, run.facts)
  if (known.unreadable.length > 0) return null
  const { facts } = procedure.imagined(source.snapshot(), source.environment)
  return {
    runId: run.id,
    mode: run.mode,
    inputs: run.inputs,
    facts: { ...facts, ...(known.facts as object) },
    startedAt: run.startedAt,
  }
}

function presentRun(
  source: ViewSource,
  run: Run,
  figures: Map<string, OwnFigure>,
  forecast: Forecast,
  told: Told,
): RunView {
  const procedure = procedureBySlug(run.procedureId)
  const definitions = stepsOf(source, run)
  const context = procedure && contextOf(source, run, procedure)
  const steps = run.steps.map((step) =>
    presentStep(source, run, step, definitions.get(step.stepId), context, figures.get(step.stepId) ?? null),
  )
  const approvals = run.approvals.map(presentApproval)
  const last = run.effects.at(-1)
  const { impactAt, detectedAt, restoredAt } = timesOfRun(run)
  return {
    ...summary(run, told),
    version: run.version,
    environmentKind: run.environmentKind,
    cluster: run.cluster,
    reason: run.reason,
    inputs: procedure?.describeInputs(run.inputs) ?? [],
    checks: run.checks,
    steps,
    currentStepId: shownStepId(run),
    approval: approvals.findLast((a) => a.state === 'open') ?? approvals.at(-1) ?? null,
    approvals,
    outside: outsideChannels.filter((channel) => source.environment.integrations?.[channel]),
    elsewhere: procedureBySlug(run.procedureId)?.elsewhere === true,
    comparesRows: comparisonOf(run.facts) !== null,
    search: searchViewOf(run),
    wish: run.wish,
    clocks: {
      impactAt,
      detectedAt,
      startedAt: run.startedAt,
      restoredAt,
      finishedAt: run.finishedAt,
      waitedForPeopleMs: run.waitedMs + (run.waitingSince === null ? 0 : Math.max(0, run.readAt - run.waitingSince)),
      forecast,
    },
    runner: last && !runIsOver(run.state) ? { name: last.runner, epoch: last.epoch } : null,
    obligations: (procedure?.obligations(run.facts) ?? []).map((owed) => ({
      ...owed,
      doneBy: obligationDoneBy(run, owed),
    })),
    outputLines: run.outputLines,
  }
}

/** The commands of a step of this run; none when this version of the step cannot be made of what the run fixed. */
function commandsOf({ environment }: ViewSource, definition: AnyStep, context: StepContext<unknown, unknown>) {
  try {
    const { commands, undo } = previewOf(definition, context, environment)
    return { command: commands.join('\n\n') || null, undoCommand: undo }
  } catch {
    return { command: null, undoCommand: null }
  }
}

function presentStep(
  source: ViewSource,
  run: Run,
  step: Run['steps'][number],
  definition: AnyStep | undefined,
  context: StepContext<unknown, unknown> | null,
  measured: OwnFigure | null,
): StepView {
  const effects = run.effects.filter((effect) => effect.stepId === step.stepId)
  const last = effects.at(-1)
  return {
    id: step.stepId,
    number: definition?.number ?? String(step.index + 1),
    title: step.title,
    effect: step.effect,
    asks: definition?.asks ?? false,
    stage: step.stage,
    estimate: definition?.estimate ?? { lowSeconds: 0, highSeconds: 0 },
    measured,
    why: definition?.why ?? 'This version of the War Room does not know this step.',
    provedBy: definition?.provedBy ?? '',
    undoneBy: definition?.undoneBy ?? null,
    ...(definition && context ? commandsOf(source, definition, context) : { command: null, undoCommand: null }),
    index: step.index,
    state: step.state,
    sentence: step.sentence,
    startedAt: step.startedAt,
    finishedAt: step.finishedAt,
    attempts: step.attempts,
    call:
      step.cli && step.digest
        ? { cli: step.cli, digest: step.digest, name: step.title }
        : // As it was shown then: the form of a call may have changed since.
          last
          ? { cli: last.cli, digest: last.digest, name: step.title }
          : null,
    effects: effects.map(({ attempt, direction, cli, intendedAt, outcome, outcomeAt, message, runner, epoch }) => ({
      attempt,
      direction,
      cli,
      intendedAt,
      outcome,
      outcomeAt,
      message,
      runner,
      epoch,
    })),
    skippedBy: step.skipped,
    wait: waitOf(run, step),
    choices: choices(run, step, definition),
  }
}

/** A step's wait, while it is one: the runner keeps to the same figures. */
function waitOf(run: Run, step: Run['steps'][number]): StepView['wait'] {
  const waiting = step.state === 'checking' || step.state === 'verifying' ? waitingOf(run.facts, step) : null
  return waiting && { since: waiting.since, until: waitEnds(waiting), addsMs: waiting.limitMs }
}

const presentApproval = ({
  bound: _bound,
  covers: _covers,
  usedAt: _usedAt,
  assertion,
  ...shown
}: Approval): ApprovalView => ({ ...shown, signed: assertion !== null })

/** Lines of a run's output with a number above `after`. Throws ExpectedError. */
export const readOutputOf = ({ store, environment }: ViewSource, id: string, after: number, limit: number) =>
  readOutput(store, environment.name, id, after, limit)

/** Lines of a run's output that hold these words. Throws ExpectedError. */
export const searchOutputOf = ({ store, environment }: ViewSource, id: string, words: string) =>
  searchOutput(store, environment.name, id, words, 5_000)

const linesAtOnce = 1_000

/**
 * The whole output as text, a line each with UTC time, step and kind; read by page, so that its length costs nothing. Throws
 * ExpectedError 'too-many-attempts'.
 */
export async function outputText(context: ViewContext, id: string): Promise<ReadableStream<Uint8Array>> {
  const { store, environment, person } = context
  await admit(store, 'export', person.id)
  const encoder = new TextEncoder()
  let after = 0
  return new ReadableStream({
    async pull(controller) {
      const lines = await readOutput(store, environment.name, id, after, linesAtOnce)
      const text = lines.map((l) => `${new Date(l.at).toISOString()}\t${l.stepId ?? ''}\t${l.kind}\t${l.text}\n`)
      if (text.length > 0) controller.enqueue(encoder.encode(text.join('')))
      after = lines.at(-1)?.n ?? after
      if (lines.length < linesAtOnce) controller.close()
    },
  })
}
