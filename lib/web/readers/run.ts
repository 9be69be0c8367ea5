import 'server-only'
import { may, roleNeededFor } from '../../domain/people/permissions'
import { renderCall } from '../../domain/procedure/render'
import type { Estimate } from '../../domain/procedure/types'
import type { Approval, Run } from '../../domain/run/run'
import { attemptCap, runIsOver, stepIsBusy, stepIsSettled } from '../../domain/run/states'
import type {
  ApprovalView,
  ProcedureView,
  RunRights,
  RunSummary,
  RunView,
  StepChoice,
  StepView,
} from '../../domain/run/view'
import type { AnyProcedure, AnyStep } from '../../procedures/contract'
import { procedureBySlug, procedures } from '../../procedures/index'
import { previewsOf } from '../../procedures/previewing'
import { readPreflight } from '../../store/preflight'
import { listRuns, readOutput, readRun } from '../../store/run'
import { webEnv } from '../env'
import { liveHub } from '../hub'
import type { CurrentSession } from '../session-reader'
import { webStore } from '../store'

type Measured = ProcedureView['measured']

/** p50 and p90 (nearest rank) of finished spans, null while there are none. */
function measure(seconds: number[]): Measured {
  const sorted = seconds.toSorted((a, b) => a - b)
  const at = (p: number) => sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)]
  const [p50Seconds, p90Seconds] = [at(0.5), at(0.9)]
  return p50Seconds === undefined || p90Seconds === undefined ? null : { runs: sorted.length, p50Seconds, p90Seconds }
}
const span = (part: { startedAt: number | null; finishedAt: number | null }) =>
  part.startedAt === null || part.finishedAt === null ? [] : [(part.finishedAt - part.startedAt) / 1000]

async function finishedRuns(slug: string): Promise<Run[]> {
  const runs = await listRuns(webStore(), { procedureId: slug, active: false, limit: 100 })
  return runs.filter((run) => run.state === 'done' && run.mode !== 'dry-run')
}

function presentProcedure(procedure: AnyProcedure, past: Run[]): ProcedureView {
  const { environment } = webEnv()
  const snapshot = liveHub().snapshot()
  const previews = previewsOf(procedure, snapshot, environment)
  return {
    slug: procedure.slug,
    key: procedure.key,
    version: procedure.version,
    title: procedure.title,
    purpose: procedure.purpose,
    chooseWhen: procedure.chooseWhen,
    neverWhen: procedure.neverWhen,
    scenarios: procedure.scenarios,
    topologies: procedure.topologies,
    estimate: procedure.estimate,
    measured: measure(past.flatMap(span)),
    fields: procedure.fields(snapshot, environment),
    steps: procedure.steps(environment).map((step) => ({
      ...stepWords(step),
      measured: measure(
        past.flatMap((run) => run.steps.filter((s) => s.stepId === step.id && stepIsSettled(s.state)).flatMap(span)),
      ),
      command: previews.get(step.id)?.commands.join('\n\n') || null,
      undoCommand: previews.get(step.id)?.undo ?? null,
    })),
  }
}

const stepWords = ({ id, number, title, effect, estimate, why, provedBy, undoneBy }: AnyStep) => ({
  id,
  number,
  title,
  effect,
  estimate,
  why,
  provedBy,
  undoneBy,
})

/** All procedures, each with what past runs took. Throws ExpectedError when the store is away. */
export async function readProcedures(): Promise<ProcedureView[]> {
  return Promise.all(
    procedures.map(async (procedure) => presentProcedure(procedure, await finishedRuns(procedure.slug))),
  )
}

/** One procedure by its address, or null. Throws ExpectedError when the store is away. */
export async function readProcedure(slug: string): Promise<ProcedureView | null> {
  const procedure = procedureBySlug(slug)
  return procedure && presentProcedure(procedure, await finishedRuns(slug))
}

function summary(run: Run): RunSummary {
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
  }
}

/** The newest runs. Throws ExpectedError. */
export async function readRuns(filter: { active?: boolean; incidentId?: string } = {}): Promise<RunSummary[]> {
  return (await listRuns(webStore(), { ...filter, limit: 50 })).map(summary)
}

/** A run as `person` sees it, with what they may do. Throws ExpectedError 'not-found', 'store-unavailable'. */
export async function readRunFor(
  person: CurrentSession['person'],
  id: string,
): Promise<{ run: RunView; rights: RunRights }> {
  const run = await readRun(webStore(), id)
  return { run: presentRun(run), rights: rightsOf(run, person) }
}

function presentRun(run: Run): RunView {
  const procedure = procedureBySlug(run.procedureId)
  const definitions = new Map(procedure?.steps(webEnv().environment).map((step) => [step.id, step]))
  const steps = run.steps.map((step) => presentStep(run, step, definitions.get(step.stepId)))
  const approvals = run.approvals.map(presentApproval)
  const last = run.effects.at(-1)
  const time = (name: string) => (typeof run.facts[name] === 'number' ? (run.facts[name] as number) : null)
  return {
    ...summary(run),
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
    wish: run.wish,
    clocks: {
      impactAt: time('impactAt'),
      detectedAt: time('detectedAt'),
      startedAt: run.startedAt,
      restoredAt: time('restoredAt'),
      finishedAt: run.finishedAt,
      waitedForPeopleMs: run.waitedMs + (run.waitingSince === null ? 0 : Math.max(0, run.readAt - run.waitingSince)),
      remaining: remaining(steps),
    },
    runner: last && !runIsOver(run.state) ? { name: last.runner, epoch: last.epoch } : null,
    obligations: procedure?.obligations(run.facts) ?? [],
    outputLines: run.outputLines,
  }
}

function remaining(steps: StepView[]): Estimate {
  const open = steps.filter((step) => !stepIsSettled(step.state))
  const sum = (of: (e: Estimate) => number) => open.reduce((total, step) => total + of(step.estimate), 0)
  return { lowSeconds: sum((e) => e.lowSeconds), highSeconds: sum((e) => e.highSeconds) }
}

function presentStep(run: Run, step: Run['steps'][number], definition: AnyStep | undefined): StepView {
  const effects = run.effects.filter((effect) => effect.stepId === step.stepId)
  const call = effects.at(-1)?.call ?? null
  return {
    id: step.stepId,
    number: definition?.number ?? String(step.index + 1),
    title: step.title,
    effect: step.effect,
    estimate: definition?.estimate ?? { lowSeconds: 0, highSeconds: 0 },
    measured: null,
    why: definition?.why ?? 'This version of the War Room does not know this step.',
    provedBy: definition?.provedBy ?? '',
    undoneBy: definition?.undoneBy ?? null,
    command: null,
    undoCommand: null,
    index: step.index,
    state: step.state,
    sentence: step.sentence,
    startedAt: step.startedAt,
    finishedAt: step.finishedAt,
    attempts: step.attempts,
    call:
      step.cli && step.digest
        ? { cli: step.cli, digest: step.digest, name: step.title }
        : call && { cli: renderCall(call), digest: effects.at(-1)?.digest ?? '', name: step.title },
    facts: [],
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
    choices: choices(run, step, definition),
  }
}

/** After a failure: retry, undo, skip with a reason, stop; each with what follows from it. */
function choices(run: Run, step: Run['steps'][number], definition: AnyStep | undefined): StepChoice[] {
  if (run.state !== 'needs-person' || run.currentStepId !== step.stepId) return []
  if (step.state !== 'failed' && step.state !== 'undone') return []
  const plain = { needsReason: false, needsSecondPerson: false }
  const left = attemptCap - step.attempts
  return [
    ...(left > 0
      ? [
          {
            ...plain,
            kind: 'retry' as const,
            label: 'Try again',
            consequence: `Looks at how things are first; acts only if it is still needed. ${left} of ${attemptCap} attempts are left.`,
          },
        ]
      : []),
    ...(definition?.undo && step.touched && step.state === 'failed'
      ? [
          {
            ...plain,
            kind: 'undo' as const,
            label: 'Put it back',
            consequence: 'Restores what this step changed and proves it.',
          },
        ]
      : []),
    {
      kind: 'skip',
      label: 'Skip with a reason',
      consequence: definition?.optional ?? 'The run goes on without it; what depends on it stays unproved.',
      needsReason: true,
      needsSecondPerson: run.twoPersons && definition?.optional === undefined,
    },
    {
      kind: 'stop',
      label: 'Stop here',
      consequence: 'Ends the run at this point. What was done stays as it is; what is left needs a new run.',
      needsReason: true,
      needsSecondPerson: false,
    },
  ]
}

const presentApproval = ({ bound: _bound, covers: _covers, usedAt: _usedAt, ...shown }: Approval): ApprovalView => shown

/** The same rules as the commands', told beforehand; the commands and the store have the last word. */
function rightsOf(run: Run, person: CurrentSession['person']): RunRights {
  const over = runIsOver(run.state)
  const right = (permission: Parameters<typeof may>[1], when: boolean, whyNot: string) =>
    over
      ? { allowed: false, why: 'This run is over.' }
      : !may(person.role, permission)
        ? { allowed: false, why: `This needs the role ${roleNeededFor(permission)}.` }
        : when
          ? { allowed: true, why: null }
          : { allowed: false, why: whyNot }
  const current = procedureBySlug(run.procedureId)
    ?.steps(webEnv().environment)
    .find((s) => s.id === run.currentStepId)
  const optional = current?.optional !== undefined
  const own = run.twoPersons && run.startedBy.id === person.id
  const afterwards = (permission: Parameters<typeof may>[1]) =>
    !may(person.role, permission)
      ? { allowed: false, why: `This needs the role ${roleNeededFor(permission)}.` }
      : over
        ? { allowed: true, why: null }
        : { allowed: false, why: 'What the run owes is known when it ends.' }
  const asked = run.approvals.some((approval) => approval.state === 'open')
  const decide = run.state === 'needs-person'
  const busy = run.steps.some((step) => stepIsBusy(step.state))
  return {
    pause: right('run', run.state === 'running' && run.wish === null, 'Nothing is running.'),
    resume: right('run', run.state === 'paused' || run.wish === 'pause', 'The run is not paused.'),
    stop: right(
      'run',
      run.wish !== 'stop',
      busy ? 'It stops as soon as the effect under way has ended.' : 'It is stopping.',
    ),
    retry: right('run', decide, 'No step waits for a decision.'),
    undo: right('command', decide, 'No step waits for a decision.'),
    skip: right(
      optional ? 'run' : 'command',
      decide && (optional || !own),
      own ? 'You started this run; another person decides.' : 'No step waits for a decision.',
    ),
    settle: afterwards('run'),
    accept: afterwards('command'),
    approve: right(
      'approve',
      asked && !own,
      own ? 'You started this run; another person must approve it.' : 'Nothing is asked.',
    ),
    refuse:
      run.startedBy.id === person.id && asked && !over
        ? { allowed: true, why: null }
        : right('approve', asked, 'Nothing is asked.'),
    'break-glass': right(
      'break-glass',
      asked && webEnv().environment.policy.breakGlass,
      'Breaking glass is not allowed in this environment.',
    ),
  }
}

/** Lines of a run's output with a number above `after`. Throws ExpectedError. */
export const readOutputOf = (id: string, after: number, limit: number) => readOutput(webStore(), id, after, limit)

/** A look at prerequisites, or null. Throws ExpectedError. */
export const readPreflightView = (id: string) => readPreflight(webStore(), id)
