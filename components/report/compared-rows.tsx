import Link from 'next/link'
import type { ReportView } from '../../lib/domain/incident/view'
import { type ListedRows, listedWords, unlisted } from '../../lib/domain/reconcile/listed'
import type { ReportRows } from '../../lib/domain/report/view'

/** What was lost and what came back, row by row: by primary key, with the true count and all of them as a file. */
export function ComparedRows({ report }: { report: ReportView }) {
  if (report.rows.length === 0) return null
  return (
    <>
      <h2>Rows compared and merged</h2>
      {report.rows.map((one) => (
        <section key={`${one.runId} ${one.table}`} className="report-rows" aria-label={`Rows of ${one.table}`}>
          <p>
            <Link
              className="mono break-all text-accent underline"
              href={`/runs/${one.runId}/rows?${new URLSearchParams({ table: one.table })}`}
            >
              {one.table}
            </Link>{' '}
            <span className="text-text-2">
              {one.listed.length === 0 ? 'is the same in the copy and the database.' : `${one.merged}.`}
            </span>
          </p>
          {one.listed.map((listed) => (
            <Kind key={listed.kind} of={one} listed={listed} />
          ))}
        </section>
      ))}
    </>
  )
}

function Kind({ of: { runId, table, key }, listed }: { of: ReportRows; listed: ListedRows }) {
  const { kind, keys } = listed
  const mixed = new Set(keys?.map(({ merged }) => merged)).size > 1
  const file = `/api/runs/${runId}/rows?${new URLSearchParams({ table, kind, format: 'csv' })}`
  return (
    <div className="report-rows-kind">
      <p>
        <b className="strong">{listedWords(listed)}</b>.{' '}
        <a className="report-file text-accent underline" href={file} download>
          Download all as CSV
        </a>
      </p>
      {keys === null ? (
        <p className="text-12 text-text-3">This run kept no list of them.</p>
      ) : (
        <p className="num break-words text-12 text-text-2">
          <span className="text-text-3">{key.join(', ')}:</span>{' '}
          {keys.map(({ key: row, merged }, i) => (
            <span key={row}>
              {i > 0 && '; '}
              {row}
              {mixed && !merged && <span className="text-text-3"> (left)</span>}
            </span>
          ))}
          {unlisted(listed) > 0 && <span className="text-text-3"> and {unlisted(listed)} more</span>}
        </p>
      )}
    </div>
  )
}
