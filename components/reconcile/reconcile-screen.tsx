import Link from 'next/link'
import { incidentLabel } from '../../lib/domain/incident/labels'
import { formatEffect } from '../../lib/domain/reconcile/policy'
import type { ReconcileView, RowsPage } from '../../lib/domain/reconcile/view'
import { utcWords } from '../../lib/domain/units'
import type { AnswerStep } from '../../lib/web/present/actions'
import { modeWords, runName } from '../../lib/web/present/run'
import { Panel } from '../ui/panel'
import { StateWord } from '../ui/state'
import { PolicyForm } from './policy-form'
import { RowTable } from './row-table'

const approvalWords = {
  open: 'requested',
  approved: 'approved',
  refused: 'refused',
  void: 'invalidated',
  expired: 'expired',
} as const

/** Two copies of the same tables, side by side: what differs, what is merged, and who approved it. */
export function ReconcileScreen({
  view,
  rows,
  answer,
}: {
  view: ReconcileView
  rows: RowsPage | null
  answer: AnswerStep
}) {
  const { run, approval } = view
  const differing = view.tables.filter((table) => table.onlySource + table.onlyTarget + table.different > 0)
  return (
    <div className="mx-auto grid max-w-[1440px] grid-cols-[minmax(0,1fr)] gap-4 p-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <header className="flex flex-wrap items-center gap-3 lg:col-span-2">
        <h1 className="font-semibold text-20">Compare and merge rows</h1>
        <StateWord
          state={run.mode === 'real' ? 'problem' : run.mode === 'drill' ? 'lagging' : 'unknown'}
          word={modeWords[run.mode]}
          look="chip"
        />
        <span className="text-12 text-text-2">
          <Link href={`/runs/${run.id}`} className="text-accent underline">
            Run {runName(run.id)}
          </Link>
          , {run.title}
          {run.incidentNumber !== null && (
            <>
              {' for '}
              <Link href={`/incidents/${run.incidentNumber}`} className="text-accent underline">
                {incidentLabel(run.incidentNumber)}
              </Link>
            </>
          )}
        </span>
      </header>
      <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-4">
        <Panel
          title={`${differing.length} of ${view.tables.length} tables differ`}
          aside={<span className="num text-12 text-text-2">compared {utcWords(view.comparedAt)}</span>}
        >
          <PolicyForm key={view.batch} view={view} answer={answer} shownTable={rows?.table ?? null} />
        </Panel>
        {rows && <RowTable view={view} page={rows} />}
      </div>
      <aside className="grid content-start gap-4">
        <Panel title="Direction">
          <dl className="facts p-3">
            <dt>Source</dt>
            <dd className="num break-all">{view.source}</dd>
            <dt>Target</dt>
            <dd className="num break-all">{view.target}</dd>
          </dl>
        </Panel>
        <Panel title="Merge order" aside={<span className="text-12 text-text-2">one transaction a table</span>}>
          <ol className="grid list-inside list-decimal gap-1 p-3 text-13">
            {view.tables.map((table) => (
              <li key={table.table} className="break-words">
                {table.table}{' '}
                <span className="text-text-2">{table.effect ? formatEffect(table.effect) : 'not chosen yet'}</span>
              </li>
            ))}
          </ol>
        </Panel>
        <Panel title="Approval">
          <dl className="facts p-3">
            <dt>Result</dt>
            <dd>{view.effect ? formatEffect(view.effect) : 'Not chosen yet.'}</dd>
            <dt>Chosen by</dt>
            <dd>{view.chosenBy ? `${view.chosenBy.name}, ${utcWords(view.chosenBy.at)}` : 'Nobody yet.'}</dd>
            <dt>Approval</dt>
            <dd>
              {approval
                ? `${approvalWords[approval.state]}${approval.by ? ` by ${approval.by}` : ''}`
                : 'Not requested yet.'}
            </dd>
            <dt>Merged</dt>
            <dd>
              {view.merged
                ? `${utcWords(view.merged.at)}${view.merged.changedSince > 0 ? `; ${view.merged.changedSince} rows changed since` : ''}`
                : 'No.'}
            </dd>
            <dt>Digest</dt>
            <dd className="num break-all">{view.digest.slice(0, 16)}</dd>
          </dl>
          <p className="px-3 pb-3 text-12 text-text-2">
            The approval covers exactly these rows. A changed policy or row invalidates it. Replaced rows are kept in
            dr_stage on the target.
          </p>
        </Panel>
      </aside>
    </div>
  )
}
