import { listedRows } from '../domain/reconcile/listed'
import { formatMerge } from '../domain/reconcile/merge'
import type { ReportRows } from '../domain/report/view'
import type { Run } from '../domain/run/run'
import { readFacts } from '../procedures/facts'
import { reconcileSchema } from '../procedures/point-in-time/reconcile-facts'
import { copySchema } from '../procedures/steps/copy-facts'

/** What a run compared between a copy and the database, and what it merged of it, by table; none when it compared nothing. */
export function mergedRowsOf(run: Pick<Run, 'id' | 'facts'>): ReportRows[] {
  const { comparison, mergeGroups, merged } = readFacts(reconcileSchema, run.facts).facts
  const { openedAt } = readFacts(copySchema, run.facts).facts
  // A cutover merges nothing: what only the old database has stays there.
  const unmerged = openedAt === undefined ? 'nothing merged' : 'left on the old database'
  const made = merged ? (mergeGroups ?? []).flat() : []
  return (comparison?.tables ?? []).map((compared) => {
    const { table, key } = compared
    const one = made.find((each) => each.table === table)
    const listed = listedRows(compared, one ?? null)
    return { runId: run.id, table, key, listed, merged: one ? formatMerge([one]) : unmerged }
  })
}
