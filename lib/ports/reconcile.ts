import type { RowsCall } from '../domain/procedure/call'
import type { TableCreation } from '../domain/reconcile/creation'
import type { TablePlan } from '../domain/reconcile/plan'
import type { Difference, TableComparison } from '../domain/reconcile/policy'
import type { TableFacts } from '../domain/reconcile/table'
import type { AtWork } from '../domain/restore/copy-work'

/** One database of one server. */
export interface DatabaseAddress {
  host: string
  port: number
  database: string
}

/** What the recovery role lacks, each as a right and what it is for; and whose triggers it cannot keep from firing. */
interface MergeRights {
  missing: string[]
  triggersStay: string[]
}

/** A compared table as the target keeps it. */
export interface ComparedTable extends TableComparison {
  /** By which its rows are found. */
  place: number
  facts: TableFacts
  /** What makes it again, where the target has lost it. */
  creation: TableCreation | null
  at: number
}

export interface AppliedPass {
  table: string
  pass: 'put' | 'remove'
  digest: string
  /** The object that the server made of it, where the merge made the table. */
  made: string | null
}

/** A compared row, its values as texts that may be cut short. */
export interface ComparedRow {
  key: string
  kind: Difference
  /** Columns whose values are not the same. */
  columns: string[]
  source: Record<string, string | null> | null
  target: Record<string, string | null> | null
}

/**
 * What was compared and merged, under the role of a recovery: it is kept in the target's schema dr_stage. Changes nothing. Throws
 * PortError.
 */
export interface MergeReader {
  readonly user: string
  /** Tables of both that can be merged, by both catalogues. */
  plan(source: DatabaseAddress, target: DatabaseAddress, tables: readonly string[]): Promise<TablePlan>
  rights(source: DatabaseAddress, target: DatabaseAddress, tables: readonly string[]): Promise<MergeRights>
  /** What was compared under this name so far. */
  compared(target: DatabaseAddress, batch: string): Promise<ComparedTable[]>
  applied(target: DatabaseAddress, batch: string): Promise<AppliedPass[]>
  /** How many rows of each kind have these keys. */
  chosen(
    target: DatabaseAddress,
    table: ComparedTable,
    batch: string,
    keys: readonly string[],
  ): Promise<Record<Difference, number>>
  /**
   * Rows of a merge that are not as they should be: before it, as they were compared; after it, as they were merged. By table;
   * those without any are left out.
   */
  changed(call: RowsCall, since: 'compared' | 'merged'): Promise<{ table: string; rows: number }[]>
  /** What is at work on a copy; `outboxIsOn` is the application's own query. */
  atWork(target: DatabaseAddress, outboxIsOn: string | null): Promise<AtWork>
  /** How many of these tables have no statistics. */
  unanalyzed(target: DatabaseAddress, tables: readonly string[]): Promise<number>
  /** A page of compared rows in the order of their keys. */
  rows(
    target: DatabaseAddress,
    batch: string,
    table: string,
    page: { kind: Difference; after: string | null; limit: number },
  ): Promise<ComparedRow[]>
  /** All rows of a kind as the side that has them has them, for a file. */
  exportRows(
    target: DatabaseAddress,
    batch: string,
    table: string,
    what: { kind: Difference; format: 'csv' | 'json' },
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>
}

/** The changing side: compares the tables of two databases, and merges rows of one into the other. */
export interface Reconciler extends MergeReader {
  /**
   * Does what the call says, as often as it is sent: what is done is left. `mayGoOn` is asked before each table and before each
   * commit, and throws when it must not. Throws PortError, with `outcome: 'unknown'` when a part has happened.
   */
  execute(call: RowsCall, mayGoOn: () => void, signal: AbortSignal): Promise<{ tables: number; rows: number }>
}
