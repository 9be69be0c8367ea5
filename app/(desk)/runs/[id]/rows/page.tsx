import { ReconcileScreen } from '@/components/reconcile/reconcile-screen'
import { differences } from '@/lib/domain/reconcile/policy'
import { readReconcile } from '@/lib/views/reconcile'
import { comparedRows } from '@/lib/web/compared-rows'
import { orNotFound } from '@/lib/web/hand-over'
import { pageContext } from '@/lib/web/view-context'
import { answerAction } from '../actions'

export const metadata = { title: 'Compared rows' }

/** What a run compared: tables, rows side by side, and what is merged. Everything is in the first HTML. */
export default async function RowsPage({
  params,
  searchParams,
}: {
  params: Promise<{ id: string }>
  searchParams: Promise<{ [name: string]: string | string[] | undefined }>
}) {
  const [{ id }, asked] = await Promise.all([params, searchParams])
  const context = await pageContext(`/runs/${id}/rows`)
  const view = await orNotFound(readReconcile(context, id))
  const one = (name: string) => (typeof asked[name] === 'string' ? asked[name] : null)
  const table = view.tables.find((each) => each.table === one('table')) ?? view.tables.find(differs) ?? view.tables[0]
  const kind =
    differences.find((each) => each === one('kind')) ??
    (table && differences.find((each) => countOf(table, each) > 0)) ??
    'source'
  const rows = table ? await comparedRows(context, id, { table: table.table, kind, after: one('after') }) : null
  return <ReconcileScreen view={view} rows={rows} answer={answerAction} />
}

type Counts = { onlySource: number; onlyTarget: number; different: number }
const countOf = (table: Counts, kind: (typeof differences)[number]): number =>
  ({ source: table.onlySource, target: table.onlyTarget, different: table.different })[kind]
const differs = (table: Counts): boolean => table.onlySource + table.onlyTarget + table.different > 0
