import 'server-only'
import { approvalSite } from '../../config/environment'
import { outsideChannels } from '../../domain/break-glass'
import { challengeBytes } from '../../domain/people/passkey'
import { may } from '../../domain/people/permissions'
import { secondPersonRefusal, secondPersonSentence } from '../../domain/people/second-person'
import { approvalChallenge } from '../../domain/run/approval-challenge'
import { askedFor } from '../../domain/run/approval-rule'
import { waitEnds, waitingOf } from '../../domain/run/decision'
import type { OwnFigure } from '../../domain/run/remaining'
import { remainingOf } from '../../domain/run/remaining'
import { runRights } from '../../domain/run/rights'
import type { Approval, Run } from '../../domain/run/run'
import { runIsOver, stepIsSettled } from '../../domain/run/states'
import type {
  ApprovalSigning,
  ApprovalView,
  Approver,
  RunRights,
  RunSummary,
  RunView,
  StepView,
} from '../../domain/run/view'
import type { AnyProcedure, AnyStep, StepContext } from '../../procedures/contract'
import { readFacts } from '../../procedures/facts'
import { procedureBySlug } from '../../procedures/index'
import { previewOf } from '../../procedures/previewing'
import { admit } from '../../store/admission'
import { readToldOutside } from '../../store/break-glass'
import { listPasskeys } from '../../store/passkeys'
import { approversOf, betweenTwo } from '../../store/people-online'
import { listRuns, readRun } from '../../store/run'
import { readOutput, searchOutput } from '../../store/run-output'
import { webEnv } from '../env'
import { liveHub } from '../hub'
import type { CurrentSession } from '../session-reader'
import { webStore } from '../store'
import { pastOf } from './incident-clocks'
import type { Person } from './rights'
import { choices } from './run-rights'

type Told = Awaited<ReturnType<typeof readToldOutside>>

/** Runs of other environments are none here. */
const here = (): string => webEnv().environment.name

function summary(run: Run, told: Told): RunSummary {
  const current = run.steps.find((step) => step.stepId === run.currentStepId)
  return {
    id: run.id,
    slug: run.procedureId,
    title: run.title,
    mode: run.mode,
    environment: run.environment,
    state: run.state,
    sentence: run.sentence,
    incidentId: run.incidentId,
    startedBy: run.startedBy,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    step: current ? { number: current.index + 1, of: run.steps.length, title: current.title } : null,
    alone: aloneIn(run, told),
  }
}

/** The last yes of one person alone. */
export const brokenGlassOf = (run: Run): Approval | null =>
  run.approvals.findLast((a) => a.kind === 'break-glass' && a.decidedBy !== null) ?? null

/** Who broke the glass last, and who outside was told. */
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

const toldOf = (runs: Run[]): Promise<Told> =>
  readToldOutside(
    webStore().prisma,
    runs.flatMap((run) => brokenGlassOf(run)?.id ?? []),
  )

/** The newest runs. Throws ExpectedError. */
export async function readRuns(filter: { active?: boolean; incidentId?: string } = {}): Promise<RunSummary[]> {
  const runs = await listRuns(webStore(), { ...filter, environment: here(), limit: 50 })
  const told = await toldOf(runs)
  return runs.map((run) => summary(run, told))
}

export interface RunAnswer {
  run: RunView
  rights: RunRights
  /** Who may say yes, while somebody is asked. */
  approvers: Approver[]
  /** What the viewer's passkey must sign, while somebody is asked; null where approvals take a fresh sign-in. */
  signing: ApprovalSigning | null
}

/** As many approvers are named at most. */
const mostApprovers = 12

/** A run as `person` sees it, with what they may do. Throws ExpectedError 'not-found', 'store-unavailable'. */
export async function readRunFor(person: CurrentSession['person'], id: string): Promise<RunAnswer> {
  const run = await readRun(webStore(), id, here())
  const open = run.approvals.find((approval) => approval.state === 'open') ?? null
  const asker = open ? askedFor(run, open) : run.startedBy.id
  const decides = open !== null || run.state === 'needs-person' || run.state === 'paused'
  const { environment } = webEnv()
  const [figures, told, who, signing] = await Promise.all([
    pastOf(run.procedureId, Date.now()),
    toldOf([run]),
    decides ? approversOf(webStore(), run.twoPersons ? asker : null) : null,
    open && signingOf(person, run, open),
  ])
  const notSecond = (besides: string): string | null => {
    const refusal = run.twoPersons && who && secondPersonRefusal(besides, person.id, who.people, who.people.now)
    if (!refusal) return null
    return secondPersonSentence(refusal, betweenTwo(run, besides, person, who.people.names), who.people, person.id)
  }
  return {
    run: presentRun(run, figures.steps, told),
    rights: runRights({
      run,
      person,
      optional: optionalNow(run),
      notSecond: { decide: notSecond(run.startedBy.id), approve: notSecond(asker) },
      breakGlass: environment.policy.breakGlass,
    }),
    approvers: open && who ? who.approvers.slice(0, mostApprovers) : [],
    signing,
  }
}

/** What this person's passkey must sign to approve; null where approvals take a fresh sign-in. */
async function signingOf(
  person: CurrentSession['person'],
  run: Run,
  approval: Approval,
): Promise<ApprovalSigning | null> {
  const site = approvalSite(webEnv().environment)
  if (!site || !may(person.role, 'approve')) return null
  const passkeys = await listPasskeys(webStore().prisma, person.id)
  const challenge = (kind: 'second-person' | 'break-glass') => challengeBytes(approvalChallenge(run, approval, kind))
  return {
    rpId: site.rpId,
    passkeys: passkeys.map(({ id, transports }) => ({ id, transports })),
    challenges: { 'second-person': challenge('second-person'), 'break-glass': challenge('break-glass') },
  }
}

/** May the run go without the step that it is at, by the procedure's own words? */
const optionalNow = (run: Run): boolean =>
  procedureBySlug(run.procedureId)
    ?.steps(webEnv().environment)
    .find((step) => step.id === run.currentStepId)?.optional !== undefined

/**
 * What this run fixed so far, over what it would fix if it began now: the commands of steps that are still to come. Null
 * while this version cannot read what the run fixed: then nothing is made of it.
 */
function contextOf(run: Run, procedure: AnyProcedure): StepContext<unknown, unknown> | null {
  const known = readFacts(procedure.facts, run.facts)
  if (known.unreadable.length > 0) return null
  const { facts } = procedure.imagined(liveHub().snapshot(), webEnv().environment)
  return {
    runId: run.id,
    mode: run.mode,
    inputs: run.inputs,
    facts: { ...facts, ...(known.facts as object) },
    startedAt: run.startedAt,
  }
}

function presentRun(run: Run, figures: Map<string, OwnFigure>, told: Told): RunView {
  const procedure = procedureBySlug(run.procedureId)
  const definitions = new Map(procedure?.steps(webEnv().environment).map((step) => [step.id, step]))
  const context = procedure && contextOf(run, procedure)
  const steps = run.steps.map((step) =>
    presentStep(run, step, definitions.get(step.stepId), context, figures.get(step.stepId) ?? null),
  )
  const approvals = run.approvals.map(presentApproval)
  const last = run.effects.at(-1)
  const time = (name: string) => (typeof run.facts[name] === 'number' ? (run.facts[name] as number) : null)
  return {
    ...summary(run, told),
    version: run.version,
    environmentKind: run.environmentKind,
    cluster: run.cluster,
    reason: run.reason,
    inputs: procedure?.describeInputs(run.inputs) ?? [],
    checks: run.checks,
    steps,
    currentStepId: run.currentStepId,
    approval: approvals.findLast((a) => a.state === 'open') ?? approvals.at(-1) ?? null,
    approvals,
    outside: outsideChannels.filter((channel) => webEnv().environment.integrations?.[channel]),
    wish: run.wish,
    clocks: {
      impactAt: time('impactAt'),
      detectedAt: time('detectedAt'),
      startedAt: run.startedAt,
      restoredAt: time('restoredAt'),
      finishedAt: run.finishedAt,
      waitedForPeopleMs: run.waitedMs + (run.waitingSince === null ? 0 : Math.max(0, run.readAt - run.waitingSince)),
      remaining: remaining(steps, run.readAt),
    },
    runner: last && !runIsOver(run.state) ? { name: last.runner, epoch: last.epoch } : null,
    obligations: procedure?.obligations(run.facts) ?? [],
    outputLines: run.outputLines,
  }
}

const remaining = (steps: StepView[], now: number) =>
  remainingOf(
    steps
      .filter((step) => !stepIsSettled(step.state))
      .map((step) => ({
        estimate: step.estimate,
        own: step.measured,
        runningMs: step.startedAt === null ? 0 : Math.max(0, now - step.startedAt),
      })),
  )

/** The commands of a step of this run; none when this version of the step cannot be made of what the run fixed. */
function commandsOf(definition: AnyStep, context: StepContext<unknown, unknown>) {
  try {
    const { commands, undo } = previewOf(definition, context, webEnv().environment)
    return { command: commands.join('\n\n') || null, undoCommand: undo }
  } catch {
    return { command: null, undoCommand: null }
  }
}

function presentStep(
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
    estimate: definition?.estimate ?? { lowSeconds: 0, highSeconds: 0 },
    measured,
    why: definition?.why ?? 'This version of the War Room does not know this step.',
    provedBy: definition?.provedBy ?? '',
    undoneBy: definition?.undoneBy ?? null,
    ...(definition && context ? commandsOf(definition, context) : { command: null, undoCommand: null }),
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
export const readOutputOf = (id: string, after: number, limit: number) =>
  readOutput(webStore(), here(), id, after, limit)

/** Lines of a run's output that hold these words. Throws ExpectedError. */
export const searchOutputOf = (id: string, words: string) => searchOutput(webStore(), here(), id, words, 5_000)

const linesAtOnce = 1_000

/**
 * The whole output as text, a line each with UTC time, step and kind; read by page, so that its length costs nothing. Throws
 * ExpectedError 'too-many-attempts'.
 */
export async function outputText(me: Person, id: string): Promise<ReadableStream<Uint8Array>> {
  await admit(webStore(), 'export', me.id)
  const encoder = new TextEncoder()
  let after = 0
  return new ReadableStream({
    async pull(controller) {
      const lines = await readOutput(webStore(), here(), id, after, linesAtOnce)
      const text = lines.map((l) => `${new Date(l.at).toISOString()}\t${l.stepId ?? ''}\t${l.kind}\t${l.text}\n`)
      if (text.length > 0) controller.enqueue(encoder.encode(text.join('')))
      after = lines.at(-1)?.n ?? after
      if (lines.length < linesAtOnce) controller.close()
    },
  })
}
