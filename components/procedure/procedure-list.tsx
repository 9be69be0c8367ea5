import Link from 'next/link'
import type { ProcedureView, RunSummary } from '../../lib/domain/run/view'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { formatEstimate, modeWords, presentRun } from '../../lib/web/present/run'
import { Panel } from '../ui/panel'
import { StateWord } from '../ui/state'

/** The procedures that there are, and the runs of them. */
export function ProcedureList({ procedures, runs }: { procedures: ProcedureView[]; runs: RunSummary[] }) {
  return (
    <div className="desk-page flex flex-col gap-3">
      <h1 className="font-semibold text-20">Procedures</h1>
      <ul className="procedure-cards">
        {procedures.map((procedure) => (
          <li key={procedure.slug} className="panel p-4">
            <div className="flex items-baseline gap-2">
              <span className="num text-text-3">{procedure.key}</span>
              <h2 className="font-semibold text-14">
                <Link href={`/procedures/${procedure.slug}`}>{procedure.title}</Link>
              </h2>
              <span className="grow" />
              <span className="num text-12 text-text-2">{formatEstimate(procedure.estimate)}</span>
            </div>
            <p className="mt-1 text-text-2">{procedure.purpose}</p>
            <p className="mt-2 text-12 text-text-3">For {procedure.scenarios.join(', ')}</p>
          </li>
        ))}
      </ul>
      <RunTable runs={runs} title="Runs" />
    </div>
  )
}

export function RunTable({ runs, title }: { runs: RunSummary[]; title: string }) {
  return (
    <Panel title={title}>
      {runs.length === 0 ? (
        <p className="px-4 pb-4 text-text-2">
          No procedure has been run yet. A dry run changes nothing and shows everything.
        </p>
      ) : (
        <div className="overflow-x-auto">
          <table className="table">
            <thead>
              <tr>
                <th>Run</th>
                <th>State</th>
                <th>Step</th>
                <th>Started</th>
                <th>By</th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => {
                const look = presentRun(run.state)
                return (
                  <tr key={run.id}>
                    <td>
                      <Link href={`/runs/${run.id}`}>{run.title}</Link>{' '}
                      <span className="text-11 text-text-3">
                        {modeWords[run.mode]} <span className="num">{run.id.slice(0, 8)}</span>
                      </span>
                    </td>
                    <td>
                      <StateWord state={look.state} word={look.word} />
                    </td>
                    <td>
                      {run.step ? (
                        <>
                          <span className="num">
                            {run.step.number} of {run.step.of}
                          </span>{' '}
                          <span className="text-text-2">{run.step.title}</span>
                        </>
                      ) : (
                        <span className="text-text-3">–</span>
                      )}
                    </td>
                    <td className="num">
                      <time
                        dateTime={new Date(run.startedAt).toISOString()}
                        title={new Date(run.startedAt).toISOString()}
                      >
                        {formatTimeOfDay(run.startedAt)}
                      </time>
                    </td>
                    <td>{run.startedBy.name}</td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}
