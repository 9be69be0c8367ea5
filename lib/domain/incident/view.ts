import type { Gravity } from '../alert'
import type { ChecklistView } from '../checklist/view'
import type { CandidateView, ProcedureKey, Scenario } from '../cluster/types'
import type { PersonRef } from '../people/person'
import type { Estimate, Prefilled } from '../procedure/types'
import type { MadeCopy } from '../restore/copy'
import type { Right } from '../right'
import type { RunSummary } from '../run/view'
import type { ClocksView, Verdict } from './clocks-view'
import type { Decided } from './incident'
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

export type * from '../checklist/view'
export type * from '../report/view'
export type * from '../wall/view'
export type * from './clocks-view'
export type { RunSummary, TimelineEntry }

/** The list of incidents and reports. */
export interface IncidentListItem extends IncidentSummary {
  /** Impact to restored, or to now while open, ms. */
  durationMs: number
  rto: { verdict: Verdict; attainedMs: number | null }
  rpo: { verdict: Verdict; attainedMs: number | null }
}
/** Which incidents to list; all of them without a filter. */
export interface IncidentListQuery {
  before?: number
  kind?: IncidentKind
  severity?: Severity
  /** Words of the title, or a number. */
  search?: string
  openOnly?: boolean
}
export interface IncidentListView {
  items: IncidentListItem[]
  /** Give it back as `before` for older ones; null at the end. */
  before: number | null
  /** Alerts received that nobody has made an incident of. */
  alerts: OpenAlerts
}

export const alertSources = ['alertmanager', 'pagerduty'] as const
type AlertSource = (typeof alertSources)[number]

export interface AlertView {
  id: string
  source: AlertSource
  /** What the sender calls it; its title where it names none. */
  name: string
  title: string
  severity: string | null
  firstAt: number
  lastAt: number
  times: number
  resolvedAt: number | null
  incidentNumber: number | null
}

/** Alerts of one sender that have one name and one severity. */
export interface AlertGroup {
  source: AlertSource
  name: string
  severity: string | null
  gravity: Gravity
  /** All of them; `alerts` has the newest. */
  count: number
  /** When the first and the last of them began to fire. */
  firstAt: number
  lastAt: number
  alerts: AlertView[]
}

/** What waits: every alert counted, the gravest groups first. */
export interface OpenAlerts {
  total: number
  groups: AlertGroup[]
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

/** On call, from the first who is paged. */
export const pageLevels = ['L1', 'L2', 'L3', 'L4'] as const
type PageLevel = (typeof pageLevels)[number]
export const pageChannels = ['pagerduty', 'slack'] as const
type PageChannel = (typeof pageChannels)[number]
export type PageState = 'queued' | 'sent' | 'acknowledged' | 'failed' | 'withdrawn'
export interface PageView {
  id: string
  level: PageLevel
  channel: PageChannel
  message: string
  state: PageState
  /** Failure in a sentence with the contact to call manually. */
  says: string | null
  askedBy: PersonRef
  askedAt: number
  sentAt: number | null
  acknowledgedAt: number | null
  acknowledgedBy: string | null
  /** When the incident was over; nobody is called by this page from then on. */
  endedAt: number | null
  /** The last thing that the pager was to be told about this page, and whether it took it. */
  told: { tells: 'acknowledge' | 'resolve'; state: 'queued' | 'sent' | 'failed'; says: string | null } | null
  attempts: number
  /** The other side may have it, though nothing says so. */
  inDoubt: boolean
}
export interface LevelView {
  level: PageLevel
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
  channels: { channel: PageChannel; configured: boolean; label: string }[]
  messagePreview: string
  mayPage: Right
}
export interface ExternalContactView {
  service: string
  /** How to reach them; null where nobody has written it down. */
  contact: string | null
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

/** How the prerequisites of an option were when a runner looked at them last. */
export type SheetPrerequisites =
  /** Nobody has looked lately, or there is nothing to look at. */
  | { state: 'unknown'; why: string }
  | {
      state: 'checked'
      at: number
      passed: number
      of: number
      /** The most serious first. */
      warnings: string[]
      blocks: string[]
    }

/** One row of the decision sheet: a procedure, one way to run it, or doing nothing. */
export interface DecisionOption {
  /** Of the procedure and the way. */
  id: string
  /** Of the procedure; 'nothing' for doing nothing. */
  key: ProcedureKey
  title: string
  /** As a narrow column names it. */
  shortTitle: string
  purpose: string
  /** Address of the procedure's page; null when this version cannot run it. */
  slug: string | null
  fits: 'recommended' | 'possible' | 'not-for-this' | 'unavailable' | 'unfit'
  fitsWhy: string
  estimate: Estimate | null
  estimateBasis: string
  /** Impact start to done when started now, ms; null when unknown, or when it repairs nothing. */
  doneAfterMs: { low: number; high: number } | null
  rtoVerdict: Verdict
  loss: { lowMs: number | null; highMs: number | null; says: string }
  rpoVerdict: Verdict
  /** How often a second person is asked; null where it is not known. */
  approvals: { count: number | null; says: string }
  prerequisites: SheetPrerequisites
  /** With which its prerequisites are looked at; null where no runner could. */
  asks: Prefilled | null
}
export interface LeftCopy {
  copy: MadeCopy
  runId: string
  /** What deletes it; null while its run is under way. */
  doneBy: Prefilled | null
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
  delivery: {
    channel: string
    state: 'queued' | 'sent' | 'failed' | 'not-configured'
    says: string | null
    /** The other side may have it, though nothing says so. */
    inDoubt: boolean
  }[]
}
export const audiences = ['internal', 'status-page'] as const
export type Audience = (typeof audiences)[number]
/** A sentence of a draft, and what says so. */
export interface UpdateSentence {
  text: string
  source: string
}

export interface UpdateTemplate {
  key: string
  label: string
  audience: Audience
  sentences: UpdateSentence[]
  /** Its sentences. */
  text: string
}

export interface WallLinkView {
  id: string
  label: string
  createdAt: number
  createdBy: PersonRef
  expiresAt: number
  lastUsedAt: number | null
}
export interface WallLinksView {
  links: WallLinkView[]
  /** To make and to end links. */
  right: Right
}

export interface PathStep extends RecommendedStep {
  state: 'done' | 'now' | 'later'
}

export interface IncidentView extends IncidentSummary {
  /** Which way out was decided for; null while nobody has. */
  decided: Decided | null
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
  /** There is still something to choose between. */
  deciding: boolean
  /** Restored copies that its runs have left and nobody has deleted yet. */
  copies: LeftCopy[]
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
    rename: Right
    resolve: Right
    merge: Right
    update: Right
    wallLink: Right
    /** To record which way out is taken. */
    decide: Right
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
  /** More entries are newer than these: the page lies in the middle. */
  newer: boolean
  counts: { story: number; everything: number }
}
export interface TimelineQuery {
  number: number
  scope: 'story' | 'everything'
  kinds?: EntryKind[]
  search?: string
  before?: string
  after?: string
  /** Opens the timeline in its middle: around an entry, or around a moment (ms). */
  around?: string
  at?: number
  /** 1..500, 100 by default. */
  limit?: number
}
