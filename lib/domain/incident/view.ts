import type { CandidateView, ProcedureKey, Scenario } from '../cluster/types'
import type { Estimate } from '../procedure/types'
import type { PersonRef, RunSummary } from '../run/view'
import type { IncidentMove, IncidentStatus } from './status'
import type {
  EntryKind,
  IncidentKind,
  IncidentRole,
  IncidentSummary,
  RecommendedStep,
  Severity,
  TimelineEntry,
} from './types'

/*
 * What screens get of incidents. Times are milliseconds since the epoch on the store's clock. Everything in here is fit
 * for a screen: sentences are complete, nothing secret can be in it. `null` is "not known" unless it says otherwise.
 */

export type { PersonRef, RunSummary, TimelineEntry }

/** May this viewer do it; when not, why. */
export interface Right {
  allowed: boolean
  why: string | null
}

/** A figure against its target and maximum. `open` while it still runs, `unknown` when it cannot be worked out. */
export type Verdict = 'open' | 'met' | 'within-maximum' | 'breached' | 'unknown'

/** The list of incidents and reports. */
export interface IncidentListItem extends IncidentSummary {
  /** Impact to restored, or to now while open, ms. */
  durationMs: number
  rto: { verdict: Verdict; attainedMs: number | null }
  rpo: { verdict: Verdict; attainedMs: number | null }
}
export interface IncidentListView {
  items: IncidentListItem[]
  /** Give it back as `before` for older ones; null at the end. */
  before: number | null
  /** Alerts received that nobody has made an incident of, newest first. */
  alerts: AlertView[]
}

export interface AlertView {
  id: string
  source: 'alertmanager' | 'pagerduty'
  title: string
  severity: string | null
  firstAt: number
  lastAt: number
  times: number
  resolvedAt: number | null
  incidentNumber: number | null
}

/** What the dialog "Declare incident" opens with; all of it may be changed. */
export interface DeclareView {
  suggestedSeverity: { severity: Severity; reason: string }
  scenario: Scenario | null
  scenarios: {
    key: Scenario
    title: string
    /** `ticked`: the diagnosis says so. */
    symptoms: { id: string; text: string; ticked: boolean }[]
    suggestedTitle: string
  }[]
  /** Last good heartbeat before the failure; null when nothing was detected. */
  impactStartedAt: number | null
  impactReason: string
  /** Who may command; the viewer first. */
  people: PersonRef[]
  me: PersonRef
  right: Right
  /** An open incident of the same kind is there already: said before another one is declared. */
  alreadyOpen: { number: number; title: string } | null
}

export interface ClocksView {
  impactStartedAt: number
  detectedAt: number | null
  declaredAt: number
  runStartedAt: number | null
  /** Write path proved again; the RTO stops here. */
  restoredAt: number | null
  resolvedAt: number | null
  /** When the reader's answer was made: browsers count on from here. */
  now: number
  rto: {
    targetMs: number
    maximumMs: number
    /** Restored (or now) minus impact. */
    elapsedMs: number
    verdict: Verdict
    /** From the steps that remain; null when no run can say. `basis` names where the figure comes from. */
    projected: { lowAt: number; highAt: number; verdict: Verdict; basis: string } | null
  }
  rpo: {
    targetMs: number
    maximumMs: number
    /** Loss if we fail over now (`live`), or what was lost (`fixed`). */
    state: 'live' | 'fixed' | 'unknown'
    atLeastMs: number | null
    atMostMs: number | null
    atLeastBytes: number | null
    atMostBytes: number | null
    fixedAt: number | null
    verdict: Verdict
    /** A sentence: which candidate, or why it is unknown. */
    says: string
    /** The customer's other promise, kept apart: was any acknowledged commit lost? */
    committedLoss: 'none' | 'some' | 'unknown'
  }
  availability: {
    targetShare: number
    budgetMs: number
    /** Downtime of this incident so far. */
    spentMs: number
    /** Spent by budget, 1 = all of it. */
    share: number
    /** The customer's targets contradict each other here; null when they do not. */
    contradiction: string | null
  }
}

export interface RoleView {
  role: IncidentRole
  label: string
  holder: PersonRef | null
  since: number | null
  offeredTo: PersonRef | null
  offeredBy: PersonRef | null
  /** What this viewer may do. */
  take: Right
  offer: Right
  accept: Right
  release: Right
}

export interface TaskView {
  id: string
  title: string
  assignee: PersonRef | null
  /** Time box ("back in 3 min"); null without one. */
  dueAt: number | null
  createdAt: number
  createdBy: PersonRef
  doneAt: number | null
}

export type ChecklistState = 'not-run' | 'running' | 'pass' | 'fail' | 'unknown' | 'hand' | 'impossible'
export interface ChecklistItemView {
  key: string
  number: number
  title: string
  criterion: string
  state: ChecklistState
  /** What was seen, or why it cannot be probed, one sentence. */
  says: string
  checkedAt: number | null
  /** True when it held before and does not any more. */
  reopened: boolean
  handTick: { by: PersonRef; reason: string; at: number } | null
  evidence: EvidenceView[]
  mayRun: Right
  mayTick: Right
}
export interface EvidenceView {
  id: string
  at: number
  request: string
  /** Raw result as text; may be long. */
  result: string
  sha256: string
  passed: boolean | null
}
export interface ChecklistView {
  items: ChecklistItemView[]
  passed: number
  of: number
  /** Last time that a runner looked; null when none did yet. */
  lastProbeAt: number | null
}

export type PageState = 'queued' | 'sent' | 'acknowledged' | 'failed'
export interface PageView {
  id: string
  level: 'L1' | 'L2' | 'L3' | 'L4'
  channel: 'pagerduty' | 'slack'
  message: string
  state: PageState
  /** Failure in a sentence with the contact to call by hand. */
  says: string | null
  askedBy: PersonRef
  askedAt: number
  sentAt: number | null
  acknowledgedAt: number | null
  acknowledgedBy: string | null
  attempts: number
}
export interface LevelView {
  level: 'L1' | 'L2' | 'L3' | 'L4'
  role: string
  name: string
  contact: string
  /** tel:, mailto: or null. */
  contactHref: string | null
  availability: string
  reachableNow: boolean
  /** Newest page of this incident to this level. */
  page: PageView | null
  suggested: boolean
  suggestedWhy: string | null
  channels: { channel: 'pagerduty' | 'slack'; configured: boolean; label: string }[]
  messagePreview: string
  mayPage: Right
}
export interface ExternalContactView {
  service: string
  contact: string
  supportLevel: string
  /** "•••••6789"; the whole number comes from `showAccount`, and that is recorded. */
  accountMasked: string
}
export interface EscalationView {
  incidentNumber: number | null
  levels: LevelView[]
  external: ExternalContactView[]
  channels: {
    key: 'incident' | 'status-page' | 'war-room' | 'runbooks'
    label: string
    value: string
    href: string | null
  }[]
  pages: PageView[]
}

/** One column of the decision sheet. */
export interface DecisionOption {
  key: ProcedureKey | 'nothing'
  title: string
  /** Address of the procedure's page; null when this version cannot run it. */
  slug: string | null
  fits: 'recommended' | 'possible' | 'not-for-this' | 'unavailable'
  fitsWhy: string
  estimate: Estimate | null
  estimateBasis: string
  /** Impact start to done when started now, ms; null when unknown. */
  doneAfterMs: { low: number; high: number } | null
  rtoVerdict: Verdict
  loss: { lowMs: number | null; highMs: number | null; says: string }
  rpoVerdict: Verdict
  approvals: string
}
export interface DecisionSheetView {
  options: DecisionOption[]
  /** Age of the picture behind the figures; null without one. */
  observedAt: number | null
  candidates: CandidateView[]
}

export interface UpdateView {
  id: string
  at: number
  by: PersonRef
  audience: Audience
  text: string
  delivery: { channel: string; state: 'queued' | 'sent' | 'failed' | 'not-configured'; says: string | null }[]
}
export type Audience = 'internal' | 'status-page'
export interface UpdateTemplate {
  key: string
  label: string
  audience: Audience
  /** Filled from facts. */
  text: string
}

export interface WallLinkView {
  id: string
  label: string
  createdAt: number
  createdBy: PersonRef
  lastUsedAt: number | null
  revokedAt: number | null
}

export interface PathStep extends RecommendedStep {
  state: 'done' | 'now' | 'later'
}

export interface IncidentView extends IncidentSummary {
  /** Give it back with every change: whoever read an older one loses politely. */
  version: number
  scenarioTitle: string
  symptoms: { id: string; text: string; ticked: boolean }[]
  severityReason: string | null
  moves: { move: IncidentMove; to: IncidentStatus; button: string; right: Right }[]
  statusTimes: { status: IncidentStatus; at: number }[]
  roles: RoleView[]
  clocks: ClocksView
  tasks: TaskView[]
  checklist: ChecklistView
  escalation: EscalationView
  sheet: DecisionSheetView
  runs: RunSummary[]
  updates: UpdateView[]
  templates: UpdateTemplate[]
  wallLinks: WallLinkView[]
  /** Whole path with the present step marked; `next` is that step. It leads and never blocks. */
  path: PathStep[]
  next: RecommendedStep
  people: PersonRef[]
  me: PersonRef
  rights: {
    write: Right
    changeSeverity: Right
    resolve: Right
    merge: Right
    update: Right
    wallLink: Right
  }
  /** Other open incidents, into which this one may be merged. */
  mergeTargets: { number: number; title: string }[]
}

export interface TimelinePage {
  entries: TimelineEntry[]
  /** Entries stand newest first; give back as `before` for older ones, null at the beginning of the incident. */
  before: string | null
  /** Give back as `after` to get what is newer. Equal to the newest entry's id, "0" when there is none. */
  after: string
  counts: { story: number; everything: number }
}
export interface TimelineQuery {
  number: number
  scope: 'story' | 'everything'
  kinds?: EntryKind[]
  search?: string
  before?: string
  after?: string
  /** 1..500, 100 by default. */
  limit?: number
}

export interface WallView {
  environment: { name: string; kind: 'production' | 'staging' | 'lab' }
  now: number
  incident: {
    number: number
    title: string
    kind: IncidentKind
    severity: Severity
    status: IncidentStatus
    scenario: Scenario
    clocks: ClocksView
    roles: { role: IncidentRole; label: string; holder: string | null }[]
    story: { id: string; at: number; text: string; kind: EntryKind }[]
    nextUpdateDueAt: number | null
    checklist: { passed: number; of: number }
    run: {
      id: string
      title: string
      sentence: string
      step: { number: number; of: number; title: string; estimate: Estimate | null; startedAt: number | null } | null
      waitingFor: string | null
      waitingSince: number | null
    } | null
    next: RecommendedStep
    path: string
  } | null
  /** Peacetime board. */
  readiness: {
    lastProvedRestoreAt: number | null
    nextDrillAt: number | null
    runbookReviewDueAt: number
    runbookOverdue: boolean
    onCall: string
  }
  /** Rises with a new build: the wall reloads itself. */
  build: string
}

export interface ReportSectionView {
  key: 'summary' | 'impact' | 'causes' | 'lessons'
  title: string
  text: string
  version: number
  savedAt: number | null
  savedBy: PersonRef | null
}
export interface ReportActionView {
  id: string
  title: string
  owner: PersonRef | null
  dueOn: string | null
  state: 'open' | 'in-progress' | 'done' | 'dropped'
  version: number
}
export interface ReportView {
  incident: IncidentSummary
  version: number
  state: 'draft' | 'in-review' | 'final'
  me: PersonRef
  people: PersonRef[]
  rights: { write: Right; finish: Right }
  clocks: ClocksView
  /** Where the time went, in order; null where it cannot be known. */
  split: { key: 'detect' | 'decide' | 'execute' | 'verify'; label: string; ms: number | null }[]
  loss: { says: string; beats: number | null; bytes: number | null; seconds: number | null }
  story: TimelineEntry[]
  steps: {
    runId: string
    runTitle: string
    number: string
    title: string
    effect: 'READ' | 'SAFE' | 'DANGEROUS'
    estimate: Estimate | null
    actualMs: number | null
    state: string
  }[]
  approvals: {
    runId: string
    title: string
    decision: string
    by: string | null
    at: number | null
    digest: string
    breakGlass: boolean
  }[]
  checklist: ChecklistView
  sections: ReportSectionView[]
  actions: ReportActionView[]
  rca: { at: number; icsHref: string }
  record: { entries: number; whole: boolean; says: string; head: string }
  /** The window that charts draw. */
  window: { from: number; to: number }
  exports: { markdown: string; json: string; ics: string }
}
export interface TrendsView {
  /** Real incidents only, oldest first. */
  points: {
    number: number
    title: string
    at: number
    detectMs: number | null
    recoverMs: number | null
    rto: Verdict
    rpo: Verdict
  }[]
  mttdMs: number | null
  mttrMs: number | null
  rtoMetShare: number | null
  rpoMetShare: number | null
}
