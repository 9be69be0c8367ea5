import type { ChecklistView } from '../checklist/view'
import type { LagPoint, Mark } from '../cluster/types'
import type { ClocksView, Verdict } from '../incident/clocks-view'
import type { IncidentSummary, TimelineEntry } from '../incident/types'
import type { PersonRef } from '../people/person'
import type { Estimate } from '../procedure/types'
import type { ListedRows } from '../reconcile/listed'
import type { Right } from '../right'
import type { MeasureView } from '../run/measure'
import type { ReportActionState, ReportState } from './sections'

export interface ReportSectionView {
  key: 'summary' | 'impact' | 'causes' | 'lessons'
  title: string
  text: string
  version: number
  savedAt: number | null
  savedBy: PersonRef | null
}
export interface ReportSectionVersion {
  version: number
  text: string
  savedAt: number
  savedBy: PersonRef
}
export interface ReportActionView {
  id: string
  title: string
  owner: PersonRef | null
  dueOn: string | null
  state: ReportActionState
  version: number
}
export interface ReportRows {
  runId: string
  table: string
  /** Rows that are only in the copy, only in the database, or different, by their keys and with what became of them. */
  listed: ListedRows[]
  /** The columns of the primary key. */
  key: string[]
  /** What was merged: "1 table re-created, 40 inserted". */
  merged: string
}
export interface ReportView {
  incident: IncidentSummary
  version: number
  state: ReportState
  me: PersonRef
  people: PersonRef[]
  rights: { write: Right; finish: Right }
  clocks: ClocksView
  /** Where the time went, in order; null where it cannot be known. */
  split: { key: 'detect' | 'decide' | 'wait' | 'execute' | 'verify'; label: string; ms: number | null }[]
  loss: { says: string; seconds: number | null; commits: number | null }
  /** What its runs measured, by their procedures' own words, in their order. */
  measures: MeasureView[]
  story: TimelineEntry[]
  steps: {
    runId: string
    runTitle: string
    number: string
    title: string
    effect: 'READ' | 'SAFE' | 'DANGEROUS'
    /** The stage whose steps ran at the same time; null for a step that ran alone. */
    stage: string | null
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
  /** Rows that its runs compared between a copy and the database, by table: what came back, and what only one side has. */
  rows: ReportRows[]
  checklist: ChecklistView
  sections: ReportSectionView[]
  actions: ReportActionView[]
  /** When the review is, with the zone (IANA name) whose clocks it follows and how far that is from UTC then. */
  rca: { at: number; zone: string; offset: string; icsHref: string }
  record: { entries: number; whole: boolean; says: string; head: string }
  exports: {
    /** Null where no browser is there to make it. */
    pdf: string | null
    markdown: string
    json: string
    ics: string
  }
}
/** The lag around an incident: from a little before the impact to a little after the end. Times are ms. */
export interface ReportLag {
  from: number
  to: number
  points: LagPoint[]
  marks: Mark[]
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
