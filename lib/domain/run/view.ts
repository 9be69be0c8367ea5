import type { OutsideChannel, ToldOutside } from '../break-glass'
import type { ProcedureKey } from '../cluster/types'
import type { EnvironmentKind } from '../environment'
import type { PersonRef } from '../people/person'
import type { Check, EffectClass, Estimate, InputField, Prefilled, RunMode, Stage } from '../procedure/types'
import type { SearchView } from '../restore-point/search-view'
import type { Right } from '../right'
import type { Obligation } from './obligation'
import type { Forecast, OwnFigure } from './remaining'
import type { RunAct } from './rights'
import type { ApprovalKind, ApprovalShown, ApprovalState, EffectDirection } from './run'
import type { RunState, StepState } from './states'

/*
 * What screens get of procedures and runs. Times are milliseconds since the epoch on the store's clock. Everything in
 * here is fit for a screen: sentences are complete, nothing secret can be in it.
 */

/** A procedure's page. */
export interface ProcedureView {
  /** The last part of its page's address. */
  slug: string
  key: ProcedureKey
  version: number
  title: string
  purpose: string
  chooseWhen: string
  neverWhen: string
  scenarios: string[]
  topologies: string[]
  /** Why it cannot be run on the guarded database as it is seen now; null when it can. */
  unfit: string | null
  estimate: Estimate
  /** Of finished runs, null while there are none. */
  measured: OwnFigure | null
  fields: InputField[]
  steps: ProcedureStepView[]
}

export interface ProcedureStepView {
  id: string
  number: string
  title: string
  effect: EffectClass
  /** The step is the question to a second person. */
  asks: boolean
  /** With whose other steps it runs at the same time; null for a step that runs alone. */
  stage: Stage | null
  estimate: Estimate
  measured: OwnFigure | null
  why: string
  provedBy: string
  undoneBy: string | null
  /** The command with this environment's names as far as they are known before a start; null for a step without one. */
  command: string | null
  /** The rollback command, likewise; null when there is none. */
  undoCommand: string | null
}

export const preflightStates = ['asked', 'running', 'done', 'failed'] as const
type PreflightState = (typeof preflightStates)[number]

export interface PreflightView {
  id: string
  state: PreflightState
  askedAt: number
  finishedAt: number | null
  checks: Check[]
  /** True when no check blocks. */
  mayStart: boolean
  error: string | null
}

/** A run in a list. */
export interface RunSummary {
  id: string
  slug: string
  title: string
  mode: RunMode
  environment: string
  state: RunState
  sentence: string
  incidentNumber: number | null
  startedBy: PersonRef
  startedAt: number
  finishedAt: number | null
  /** "4 of 11", and the titles of those that are at work at the same time. */
  step: { number: number; of: number; title: string; besides: string[] } | null
  /**
   * The glass was broken: one person acts alone, and everybody is told; `fell` when that has expired or was outgrown since.
   * `told`: how it stands with those who do not look at a screen of ours.
   */
  alone: { by: PersonRef; at: number; reason: string; fell: boolean; told: ToldOutside[] } | null
}

/** What the viewer's passkey must sign to approve; where approvals take one. Binary parts are base64url. */
export interface ApprovalSigning {
  rpId: string
  /** The viewer's own passkeys. */
  passkeys: { id: string; transports: string[] }[]
  challenges: Record<ApprovalKind, string>
}

/** Somebody who may say yes; `seenAt` is null for those without a live session, ms. */
export interface Approver extends PersonRef {
  seenAt: number | null
}

export interface RunView extends RunSummary {
  version: number
  /** The name that a DANGEROUS step asks to be typed. */
  environmentKind: EnvironmentKind
  cluster: string
  reason: string
  inputs: { label: string; value: string }[]
  checks: Check[]
  steps: StepView[]
  currentStepId: string | null
  /** Open or latest approval, when the run ever asked for one. */
  approval: ApprovalView | null
  approvals: ApprovalView[]
  /** Services to which breaking the glass is reported at once; none when none is set up. */
  outside: OutsideChannel[]
  /** It acts in the other region, so that both regions and the traffic between them are shown beside it. */
  elsewhere: boolean
  /** It has compared rows of two databases, which have a page of their own. */
  comparesRows: boolean
  /** It searches for the moment of damage with temporary copies; null when it does not. */
  search: SearchView | null
  /** A person's wish that is not fulfilled yet: the run ends what it is doing first. */
  wish: 'pause' | 'stop' | null
  clocks: {
    /** Last heartbeat before detection; the RTO counts from here and never pauses. */
    impactAt: number | null
    detectedAt: number | null
    startedAt: number
    /** First proved write on the new writer. */
    restoredAt: number | null
    finishedAt: number | null
    /** Seconds of machine and of waiting for people so far. */
    waitedForPeopleMs: number
    /** The same that the clocks of its incident go by. */
    forecast: Forecast
  }
  /** Who drives it now; null while nobody does. */
  runner: { name: string; epoch: number } | null
  obligations: ObligationView[]
  /** Lines of output so far; they are read by page. */
  outputLines: number
}

/** An open item, and what does it; null where people do it by other means. */
export interface ObligationView extends Obligation {
  doneBy: Prefilled | null
}

export interface StepView extends ProcedureStepView {
  index: number
  state: StepState
  /** What it is doing or what came of it, one sentence. */
  sentence: string
  startedAt: number | null
  finishedAt: number | null
  attempts: number
  /** Resolved for this run; null until the step was reached, and for steps that only read. */
  call: { cli: string; digest: string; name: string } | null
  /** Each outcome of its effects, oldest first. */
  effects: EffectView[]
  skippedBy: { person: PersonRef; reason: string } | null
  /** Until when it waits for something that may come by itself, and by how much a person may add to that; null otherwise. */
  wait: { since: number; until: number; addsMs: number } | null
  /** What a person may do now, with the consequence of each in one line; empty while the machine is at work. */
  choices: StepChoice[]
}

interface EffectView {
  attempt: number
  direction: EffectDirection
  cli: string
  intendedAt: number
  outcome: 'accepted' | 'rejected' | 'unknown' | null
  outcomeAt: number | null
  message: string | null
  runner: string
  epoch: number
}

type StepChoiceKind = 'retry' | 'undo' | 'skip' | 'stop' | 'accept' | 'anew' | 'by-hand' | 'hand-done'
export interface StepChoice {
  kind: StepChoiceKind
  label: string
  consequence: string
  /** A reason must be given. */
  needsReason: boolean
  /** The decision itself needs a second person (skip of a step that was not optional). */
  needsSecondPerson: boolean
  /** Why nobody may choose it here; null when it can be chosen by whoever has the right. */
  impossible: string | null
  /** What the decision is about, such as the node to accept; null when that is the step alone. */
  subject: string | null
}

export interface ApprovalView {
  id: string
  stepId: string
  state: ApprovalState
  /** Break-glass: one person, with a reason. */
  kind: ApprovalKind | null
  digest: string
  /** "Fail over to castmatch-prod-replica-2, likely loss 0.4 s, at most 3.1 s". */
  title: string
  /** Exactly what is approved. */
  shown: ApprovalShown
  requestedAt: number
  expiresAt: number
  decidedAt: number | null
  decidedBy: PersonRef | null
  reason: string | null
  /** Names that must be typed to say yes. */
  typeToConfirm: string
  /** A passkey signed this decision. */
  signed: boolean
}

export const outputKinds = ['says', 'command', 'observed', 'verified', 'warning', 'error', 'person'] as const
type OutputKind = (typeof outputKinds)[number]

/** One line of a run's output. */
export interface OutputLine {
  /** Rises within a run, without gaps. */
  n: number
  at: number
  stepId: string | null
  kind: OutputKind
  text: string
}

/** What this viewer may do with this run, with the reason when not. */
export type RunRights = Record<RunAct, Right>
