import type { RunMode } from '../procedure/types'
import type { Right } from '../right'
import type { ApprovalState } from '../run/run'
import type { RunState } from '../run/states'
import type { Difference, Effect, Policy, TableComparison } from './policy'

/* What screens get of a comparison. Times are ms. */

export interface ReconcileView {
  run: { id: string; title: string; mode: RunMode; state: RunState; incidentNumber: number | null }
  batch: string
  source: string
  target: string
  comparedAt: number
  /** In the order in which they are merged. */
  tables: TableView[]
  chosenBy: { name: string; at: number } | null
  /** What all tables come to by what was chosen; null before. */
  effect: Effect | null
  approval: { state: ApprovalState; by: string | null; digest: string } | null
  merged: { at: number; changedSince: number } | null
  /** The digest of everything that was compared. */
  digest: string
  /** The step that asks what is merged, while it does, and whether this person may answer. */
  asks: { stepId: string; right: Right } | null
  /** May this person look at rows? */
  rows: Right
}

export interface TableView extends TableComparison {
  key: string[]
  triggers: string[]
  triggersStay: boolean
  /** Where the target has lost the table: what makes it again, and what cannot be made. */
  dropped: { statements: string[]; leftOut: string[] } | null
  policy: Policy
  /** Do its triggers fire for merged rows? */
  triggersOn: boolean
  /** Exact, once it was chosen. */
  effect: Effect | null
}

/** A compared row on the screen; its values may be cut short. */
export interface RowView {
  key: string
  columns: string[]
  source: Record<string, string | null> | null
  target: Record<string, string | null> | null
}

export interface RowsPage {
  table: string
  kind: Difference
  after: string | null
  /** The rows, or why they cannot be shown. */
  rows: RowView[] | { why: string }
  /** The key after which the next page begins; null on the last one. */
  next: string | null
}
