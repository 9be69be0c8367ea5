import { formatMerge } from '../domain/reconcile/merge'
import type { ReportRows } from '../domain/report/view'
import type { Run } from '../domain/run/run'
import { readFacts } from '../procedures/facts'
import { reconcileSchema } from '../procedures/point-in-time/reconcile-facts'

/** What a run compared between a copy and the database, and what it merged of it, by table; none when it compared nothing. */
export function mergedRowsOf(run: Pick<Run, 'id' | 'facts'>): ReportRows[] {
  const { comparison, mergeGroups, merged } = readFacts(reconcileSchema, run.facts).facts
  const made = merged ? (mergeGroups ?? []).flat() : []
  return (comparison?.tables ?? []).map(({ table, onlySource, onlyTarget, different }) => {
    const one = made.find((each) => each.table === table)
    return {
      ...{ runId: run.id, table, different },
      ...{ onlyCopy: onlySource, onlyDatabase: onlyTarget, merged: one ? formatMerge([one]) : 'nothing merged' },
    }
  })
}
