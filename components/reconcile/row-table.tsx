import clsx from 'clsx'
import Link from 'next/link'
import { type Difference, differences } from '../../lib/domain/reconcile/policy'
import type { ReconcileView, RowsPage, RowView, TableView } from '../../lib/domain/reconcile/view'
import { Panel } from '../ui/panel'
import { MarkRow } from './mark-row'
import { countText, differenceWords } from './words'

const countOf = (table: TableView): Record<Difference, number> => ({
  source: table.onlySource,
  target: table.onlyTarget,
  different: table.different,
})
const address = (view: ReconcileView, to: { table: string; kind: Difference; after?: string | null }) => {
  const asked = new URLSearchParams({ table: to.table, kind: to.kind, ...(to.after ? { after: to.after } : {}) })
  return `/runs/${view.run.id}/rows?${asked}#rows`
}

/** The rows of one table that differ in one way, both sides under each other, with the differing values marked. */
export function RowTable({ view, page }: { view: ReconcileView; page: RowsPage }) {
  const table = view.tables.find((one) => one.table === page.table)
  if (!table) return null
  const counts = countOf(table)
  const { rows } = page
  const file = (format: 'csv' | 'json') =>
    `/api/runs/${view.run.id}/rows?${new URLSearchParams({ table: page.table, kind: page.kind, format })}`
  return (
    <div id="rows">
      <Panel
        title={`Rows of ${page.table}`}
        aside={
          view.rows.allowed && counts[page.kind] > 0 ? (
            <span className="flex gap-3 text-12">
              <a className="text-accent underline" href={file('csv')} download>
                Download {countText(counts[page.kind])} as CSV
              </a>
              <a className="text-accent underline" href={file('json')} download>
                JSON
              </a>
            </span>
          ) : undefined
        }
      >
        <nav aria-label="Which rows" className="flex flex-wrap gap-2 p-3">
          {differences.map((kind) => (
            <Link
              key={kind}
              href={address(view, { table: page.table, kind })}
              aria-current={kind === page.kind ? 'page' : undefined}
              className={clsx(
                'rounded border px-2 py-1 text-12',
                kind === page.kind ? 'border-accent font-semibold' : 'border-line-2 text-text-2',
              )}
            >
              {differenceWords[kind]} <span className="num">{countText(counts[kind])}</span>
            </Link>
          ))}
        </nav>
        {!Array.isArray(rows) ? (
          <p className="px-3 pb-3 text-text-2" role="status">
            {rows.why}
          </p>
        ) : rows.length === 0 ? (
          <p className="px-3 pb-3 text-text-2">No such rows.</p>
        ) : (
          <Rows view={view} table={table} kind={page.kind} rows={rows} />
        )}
        <nav aria-label="Pages" className="flex justify-between gap-3 px-3 pb-3 text-12">
          {page.after !== null ? (
            <Link className="text-accent underline" href={address(view, { table: page.table, kind: page.kind })}>
              First rows
            </Link>
          ) : (
            <span />
          )}
          {page.next !== null && (
            <Link
              className="text-accent underline"
              rel="next"
              href={address(view, { table: page.table, kind: page.kind, after: page.next })}
            >
              Next rows
            </Link>
          )}
        </nav>
      </Panel>
    </div>
  )
}

function Rows({
  view,
  table,
  kind,
  rows,
}: {
  view: ReconcileView
  table: TableView
  kind: Difference
  rows: RowView[]
}) {
  const [first] = rows
  const named = Object.keys(first?.source ?? first?.target ?? {})
  const columns = [...table.key, ...named.filter((name) => !table.key.includes(name))]
  // A lost table is created again whole: none of its rows is chosen alone.
  const marks = view.asks?.right.allowed === true && table.dropped === null
  return (
    <section className="overflow-x-auto" aria-label={`${differenceWords[kind]}: rows of ${table.table}`} tabIndex={0}>
      <table className="w-full text-12">
        <thead>
          <tr className="text-left text-text-2">
            {marks && <th className="px-3 py-1 font-normal">Mark</th>}
            <th className="px-3 py-1 font-normal">Side</th>
            {columns.map((column) => (
              <th key={column} className="whitespace-nowrap px-3 py-1 font-normal">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.flatMap((row) =>
            (['source', 'target'] as const).flatMap((side) => {
              const values = row[side]
              if (!values) return []
              return (
                <tr
                  key={`${row.key} ${side}`}
                  className={clsx('align-top', side === 'source' && 'border-line-1 border-t')}
                >
                  {marks && (
                    <td className="px-3 py-1">
                      {(side === 'source' || row.source === null) && (
                        <MarkRow batch={view.batch} table={table.table} rowKey={row.key} kind={kind} />
                      )}
                    </td>
                  )}
                  <td className="whitespace-nowrap px-3 py-1 text-text-2">{side}</td>
                  {columns.map((column) => (
                    <td key={column} className="max-w-80 break-words px-3 py-1 font-mono">
                      <Value text={values[column] ?? null} marked={row.columns.includes(column)} />
                    </td>
                  ))}
                </tr>
              )
            }),
          )}
        </tbody>
      </table>
    </section>
  )
}

function Value({ text, marked }: { text: string | null; marked: boolean }) {
  const shown = text === null ? <span className="text-text-3">NULL</span> : text
  return marked ? <mark className="rounded bg-accent-tint px-1 text-text-1">{shown}</mark> : shown
}
