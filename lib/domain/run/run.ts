import type { EnvironmentKind } from '../environment'
import type { PasskeyAssertion } from '../people/passkey'
import type { PersonRef } from '../people/person'
import type { JsonValue } from '../procedure/canonical'
import type { Check, EffectClass, RunMode, Stage } from '../procedure/types'
import { decisionOf } from './decision'
import { type RunState, type StepState, stepIsBusy } from './states'

/** What a person asks of a run at its next safe point. */
export const runWishes = ['pause', 'stop'] as const
type RunWish = (typeof runWishes)[number]
export const approvalStates = ['open', 'approved', 'refused', 'void', 'expired'] as const
export type ApprovalState = (typeof approvalStates)[number]
/** Break-glass: one person, with a reason. */
export const approvalKinds = ['second-person', 'break-glass'] as const
export type ApprovalKind = (typeof approvalKinds)[number]
export const effectDirections = ['do', 'undo'] as const
export type EffectDirection = (typeof effectDirections)[number]
export const effectOutcomes = ['accepted', 'rejected', 'unknown'] as const
export type EffectOutcome = (typeof effectOutcomes)[number]

/** A run as the store has it. Times are ms on the store's clock. */
export interface Run {
  id: string
  procedureId: string
  procedureVersion: number
  title: string
  mode: RunMode
  environment: string
  environmentKind: EnvironmentKind
  cluster: string
  incidentNumber: number | null
  reason: string
  twoPersons: boolean
  inputs: { [name: string]: JsonValue }
  facts: { [name: string]: JsonValue }
  checks: Check[]
  state: RunState
  sentence: string
  wish: RunWish | null
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
  /** With whose other steps it runs at the same time; null for a step that runs alone. */
  stage: Stage | null
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
  covers: CoveredCall[]
  typeToConfirm: string
  state: ApprovalState
  kind: ApprovalKind | null
  requestedAt: number
  expiresAt: number
  decidedAt: number | null
  decidedBy: PersonRef | null
  reason: string | null
  /** When the first effect under it was not certainly refused. */
  usedAt: number | null
  /** The passkey's signature over this decision, where approvals take one. */
  assertion: PasskeyAssertion | null
  /** The person for whom the runner asks, where that is not the run's starter. */
  askedForId: string | null
}

export interface Effect {
  id: string
  stepId: string
  attempt: number
  direction: EffectDirection
  cli: string
  digest: string
  runner: string
  epoch: number
  intendedAt: number
  outcome: EffectOutcome | null
  outcomeAt: number | null
  message: string | null
  /** The approval under which it was sent, of a dangerous effect. */
  approvalId: string | null
  /** Refused only because the other side was too busy. */
  busy: boolean
  /** What the other side answered when it accepted the call. */
  reply?: { [name: string]: JsonValue } | null
}

/** The newest call of a step: how it ended, and what it was answered. */
export interface SentCall {
  /** Null while it is not written down. */
  outcome: EffectOutcome | null
  reply: { [name: string]: JsonValue } | null
}

/** The newest call of each step in the direction of the runbook, by step. */
export const sentCalls = ({ effects }: Pick<Run, 'effects'>): { [stepId: string]: SentCall } =>
  Object.fromEntries(
    effects.flatMap(({ stepId, direction, outcome, reply }) =>
      direction === 'do' ? [[stepId, { outcome, reply: reply ?? null }]] : [],
    ),
  )

/** Attempts at a step's effect that may have changed something: what was refused certainly did not. */
export const countedAttempts = (run: Pick<Run, 'effects'>, step: Pick<RunStep, 'stepId' | 'attempts'>): number =>
  step.attempts - run.effects.filter((e) => e.stepId === step.stepId && e.outcome === 'rejected').length

/** The newest effect of a step, whatever became of it; undefined when nothing was ever intended. */
export const lastEffect = (run: Pick<Run, 'effects'>, step: Pick<RunStep, 'stepId'>): Effect | undefined =>
  run.effects.findLast((e) => e.stepId === step.stepId)

/** The effect by which a step is being rolled back at a person's latest request; undefined while none was intended. */
export function undoEffect(run: Pick<Run, 'effects' | 'facts'>, step: Pick<RunStep, 'stepId'>): Effect | undefined {
  const decision = decisionOf(run.facts, step.stepId)
  const last = lastEffect(run, step)
  return decision?.event === 'undo' && last?.direction === 'undo' && last.attempt > decision.attempts ? last : undefined
}

/** What was asked last for a step, whatever became of it; undefined when nothing was ever asked. */
export const latestApproval = (run: Pick<Run, 'approvals'>, step: Pick<RunStep, 'stepId'>): Approval | undefined =>
  run.approvals.findLast((approval) => approval.stepId === step.stepId)

/**
 * In the middle of an effect: a stop waits until its outcome is known and was observed. A step that only looks, or waits for what
 * a person says, has none.
 */
export function isMidEffect(
  run: Pick<Run, 'effects' | 'facts'>,
  step: Pick<RunStep, 'stepId' | 'state' | 'effect'>,
): boolean {
  if (step.state !== 'undoing') return step.effect !== 'READ' && stepIsBusy(step.state)
  const sent = undoEffect(run, step)
  return sent !== undefined && sent.outcome !== 'rejected'
}

/** A call for which an approval is needed: which step, in which direction, and the digest of the call itself. */
export interface CoveredCall {
  stepId: string
  digest: string
  /** Left out for an ordinary effect. */
  direction?: 'undo'
  /** The watch over this step may send the call again after the run, such as the fence of a writer that returns. */
  standing?: true
  /** It may be sent for so long after the approval was given, ms; left out where the usual times apply. */
  forMs?: number
}

/** Loss as an approval shows it, in words. */
interface ShownLoss {
  /** What is known to be missing: what is lost in all likelihood. */
  atLeast: string
  /** The worst case. */
  atMost: string
  confidence: string
  /** Why the worst case differs. */
  why?: string
  /** Which of them is compared with which limit. */
  compared?: string
}

/** What a request for approval shows; the digest covers it. */
export interface ApprovalShown {
  environment: string
  /** Facts bound by the digest, in order. */
  facts: { label: string; value: string }[]
  loss: ShownLoss | null
  commands: { stepId: string; title: string; cli: string; digest: string }[]
}
