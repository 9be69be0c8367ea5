import type { ChecklistCount } from '../checklist/count'
import type { EnvironmentKind } from '../environment'
import type { ClocksView } from '../incident/clocks-view'
import type { IncidentStatus } from '../incident/status'
import type { EntryKind, IncidentKind, IncidentRole, RecommendedStep, Severity } from '../incident/types'
import type { Estimate } from '../procedure/types'
import type { StepState } from '../run/states'

/** What the wall shows of the record. Opened by a link without a sign-in: nothing is in here that is not shown. */
export interface WallView {
  environment: { name: string; kind: EnvironmentKind }
  /** When this was read, on the server's clock. */
  now: number
  /** Since when the record cannot be read, and this is what was read last; null while it can. */
  heldSince: number | null
  incident: WallIncidentView | null
  /** Open incidents beside the one that is shown, the gravest first. */
  others: { number: number; kind: IncidentKind; severity: Severity; title: string }[]
  readiness: WallReadiness
  /** Another one with each build of the product: the wall reloads itself. */
  build: string
}

export interface WallIncidentView {
  number: number
  title: string
  kind: IncidentKind
  severity: Severity
  status: IncidentStatus
  clocks: Pick<ClocksView, 'impactStartedAt' | 'restoredAt' | 'resolvedAt' | 'now' | 'rto' | 'rpo'>
  roles: { role: IncidentRole; label: string; holder: string | null }[]
  story: { id: string; at: number; text: string; kind: EntryKind }[]
  nextUpdateDueAt: number | null
  checklist: ChecklistCount
  run: WallRun | null
  next: RecommendedStep
  path: string
}

export interface WallRun {
  title: string
  sentence: string
  /** Who used break-glass; null while nobody did. */
  alone: string | null
  step: {
    number: number
    of: number
    title: string
    state: StepState
    estimate: Estimate | null
    startedAt: number | null
    /** Steps that are at work at the same time. */
    besides: string[]
  } | null
  waitingFor: WallWait | null
  waitingSince: number | null
  /** What a second person is asked to approve, and until when. */
  asked: { title: string; expiresAt: number } | null
}
/** Why a run stands still: somebody must approve, decide about a step, or let it go on. */
export type WallWait = 'approval' | 'decision' | 'resume'

/** Peacetime board: what a recovery would need. Null is "the record does not know". */
export interface WallReadiness {
  /** When a restore was last proved; no procedure of this version restores, so nothing in the record can say it. */
  lastProvedRestoreAt: number | null
  nextDrillAt: number | null
  /** The newest drill that is over. */
  lastDrill: { number: number; endedAt: number; rtoMs: number | null } | null
  /** The newest incident that is over, drills included. */
  lastIncident: { number: number; kind: IncidentKind; endedAt: number } | null
  runbook: { version: string; owner: string; reviewDueAt: number }
  onCall: { role: string; name: string; reachable: boolean; words: string }
}

/** Lag of the last minutes, in columns; null is a gap, and so is a silence of more than a few steps. */
export interface WallLag {
  fromMs: number
  toMs: number
  stepMs: number
  at: number[]
  seconds: Record<string, (number | null)[]>
}
