import type { Call } from '../procedure/call'
import type { JsonValue } from '../procedure/canonical'
import type { Check, EffectClass, RunMode } from '../procedure/types'
import type { RunState, StepState } from './states'
import type { ApprovalShown, PersonRef } from './view'

/** A run as the store has it. Times are ms on the store's clock. */
export interface Run {
  id: string
  procedureId: string
  procedureVersion: number
  title: string
  mode: RunMode
  environment: string
  environmentKind: 'production' | 'staging' | 'lab'
  cluster: string
  incidentId: string | null
  reason: string
  twoPersons: boolean
  inputs: { [name: string]: JsonValue }
  facts: { [name: string]: JsonValue }
  checks: Check[]
  state: RunState
  sentence: string
  wish: 'pause' | 'stop' | null
  currentStepId: string | null
  startedBy: PersonRef
  startedAt: number
  finishedAt: number | null
  waitingSince: number | null
  waitedMs: number
  outputLines: number
  version: number
  steps: RunStep[]
  approvals: Approval[]
  effects: Effect[]
  /** The store's clock when this was read. */
  readAt: number
}

export interface RunStep {
  index: number
  stepId: string
  title: string
  effect: EffectClass
  definitionHash: string
  state: StepState
  sentence: string
  attempts: number
  touched: boolean
  crashed: boolean
  cli: string | null
  digest: string | null
  since: number | null
  startedAt: number | null
  finishedAt: number | null
  skipped: { person: PersonRef; reason: string } | null
}

export interface Approval {
  id: string
  stepId: string
  digest: string
  title: string
  shown: ApprovalShown
  bound: { [name: string]: JsonValue }
  covers: { stepId: string; digest: string }[]
  typeToConfirm: string
  state: 'open' | 'approved' | 'refused' | 'void' | 'expired'
  kind: 'second-person' | 'break-glass' | null
  requestedAt: number
  expiresAt: number
  decidedAt: number | null
  decidedBy: PersonRef | null
  reason: string | null
  usedAt: number | null
}

export interface Effect {
  id: string
  stepId: string
  attempt: number
  direction: 'do' | 'undo'
  call: Call
  cli: string
  digest: string
  runner: string
  epoch: number
  intendedAt: number
  outcome: 'accepted' | 'rejected' | 'unknown' | null
  outcomeAt: number | null
  message: string | null
}

/** An approval is good until it expires, and for the rest of the run once its first effect was made. */
export const approvalMs = 10 * 60_000

/**
 * May this yes carry this call of this run, now? The same rule as the store's function effect_intend, which has the last
 * word; here it tells people beforehand.
 */
export function approvalCovers(
  run: Pick<Run, 'twoPersons' | 'startedBy'>,
  approval: Approval,
  call: { stepId: string; digest: string },
  now: number,
): boolean {
  return (
    approval.state === 'approved' &&
    approval.decidedBy !== null &&
    (approval.usedAt !== null || approval.expiresAt > now) &&
    (!run.twoPersons || approval.decidedBy.id !== run.startedBy.id || approval.kind === 'break-glass') &&
    approval.covers.some((covered) => covered.stepId === call.stepId && covered.digest === call.digest)
  )
}

/** Attempts at a step's effect that may have changed something: what was refused certainly did not. */
export const countedAttempts = (run: Pick<Run, 'effects'>, step: Pick<RunStep, 'stepId' | 'attempts'>): number =>
  step.attempts - run.effects.filter((e) => e.stepId === step.stepId && e.outcome === 'rejected').length
