import type { Approval, Effect, Run, RunStep } from '../domain/run/run'

/* Rows as the driver gives them, into the domain's words. Times come as dates from columns, as milliseconds from JSON. */

type Time = Date | number
type Snake<S extends string> = S extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${Snake<Tail>}`
  : S
/** The columns of what the domain calls T, under the store's spelling: `Times` as the driver has them, `Others` left out. */
type Columns<T, Times extends keyof T, Others extends keyof T = never> = {
  [K in keyof Omit<T, Others> & string as Snake<K>]: K extends Times ? Time | Extract<T[K], null> : T[K]
}
type Person<Who extends string> = Record<`${Who}_id` | `${Who}_name`, string | null>

type StepRow = Columns<RunStep, 'since' | 'startedAt' | 'finishedAt', 'skipped'> &
  Person<'skipped_by'> & { skip_reason: string | null }
type ApprovalRow = Columns<Approval, 'requestedAt' | 'expiresAt' | 'decidedAt' | 'usedAt', 'decidedBy'> &
  Person<'decided_by'>
type EffectRow = Columns<Effect, 'intendedAt' | 'outcomeAt', 'id' | 'epoch'> & {
  id: number | string
  epoch: number | string
}
type RunRow = Columns<
  Run,
  'startedAt' | 'finishedAt' | 'waitingSince' | 'readAt',
  'startedBy' | 'steps' | 'approvals' | 'effects'
> & { started_by_id: string; started_by_name: string }

const at = (time: Time): number => (typeof time === 'number' ? time : time.getTime())
const ms = (time: Time | null): number | null => (time === null ? null : at(time))
const person = (id: string | null, name: string | null) => (id ? { id, name: name ?? id } : null)

function toStep(row: StepRow): RunStep {
  const by = person(row.skipped_by_id, row.skipped_by_name)
  return {
    index: row.index,
    stepId: row.step_id,
    title: row.title,
    effect: row.effect,
    stage: row.stage ?? null,
    definitionHash: row.definition_hash,
    state: row.state,
    sentence: row.sentence,
    attempts: row.attempts,
    touched: row.touched,
    crashed: row.crashed,
    cli: row.cli,
    digest: row.digest,
    since: ms(row.since),
    startedAt: ms(row.started_at),
    finishedAt: ms(row.finished_at),
    skipped: by ? { person: by, reason: row.skip_reason ?? '' } : null,
  }
}

function toApproval(row: ApprovalRow): Approval {
  return {
    id: row.id,
    stepId: row.step_id,
    digest: row.digest,
    title: row.title,
    shown: row.shown,
    bound: row.bound,
    covers: row.covers,
    typeToConfirm: row.type_to_confirm,
    state: row.state,
    kind: row.kind,
    requestedAt: at(row.requested_at),
    expiresAt: at(row.expires_at),
    decidedAt: ms(row.decided_at),
    decidedBy: person(row.decided_by_id, row.decided_by_name),
    reason: row.reason,
    usedAt: ms(row.used_at),
    assertion: row.assertion ?? null,
    askedForId: row.asked_for_id,
  }
}

function toEffect(row: EffectRow): Effect {
  return {
    id: String(row.id),
    stepId: row.step_id,
    attempt: row.attempt,
    direction: row.direction,
    cli: row.cli,
    digest: row.digest,
    runner: row.runner,
    epoch: Number(row.epoch),
    intendedAt: at(row.intended_at),
    outcome: row.outcome,
    outcomeAt: ms(row.outcome_at),
    message: row.message,
    approvalId: row.approval_id,
    busy: row.busy,
    reply: row.reply,
  }
}

export function toRun(row: RunRow, steps: StepRow[], approvals: ApprovalRow[], effects: EffectRow[]): Run {
  return {
    id: row.id,
    procedureId: row.procedure_id,
    procedureVersion: row.procedure_version,
    title: row.title,
    mode: row.mode,
    environment: row.environment,
    environmentKind: row.environment_kind,
    cluster: row.cluster,
    incidentNumber: row.incident_number,
    reason: row.reason,
    twoPersons: row.two_persons,
    inputs: row.inputs,
    facts: row.facts,
    checks: row.checks,
    state: row.state,
    sentence: row.sentence,
    wish: row.wish,
    currentStepId: row.current_step_id,
    startedBy: { id: row.started_by_id, name: row.started_by_name },
    startedAt: at(row.started_at),
    finishedAt: ms(row.finished_at),
    waitingSince: ms(row.waiting_since),
    waitedMs: row.waited_ms,
    outputLines: row.output_lines,
    version: row.version,
    steps: steps.map(toStep),
    approvals: approvals.map(toApproval),
    effects: effects.map(toEffect),
    readAt: at(row.read_at),
  }
}
