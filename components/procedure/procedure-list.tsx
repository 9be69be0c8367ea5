'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { incidentLabel } from '../../lib/domain/incident/labels'
import type { ProcedureView, RunSummary } from '../../lib/domain/run/view'
import { utcWords } from '../../lib/domain/units'
import { runsQuery } from '../../lib/queries/run'
import { formatClock, formatDate, formatTimeOfDay } from '../../lib/web/present/format'
import { formatEstimate, modeWords, presentRun, runName } from '../../lib/web/present/run'
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
              <h2 className="min-w-0 font-semibold text-14">
                <Link href={`/procedures/${procedure.slug}`}>{procedure.title}</Link>
              </h2>
            </div>
            <p className="mt-1 text-text-2">{procedure.purpose}</p>
            <dl className="facts mt-3">
              <dt>Choose</dt>
              <dd>{procedure.chooseWhen}</dd>
              <dt>Takes</dt>
              <dd>
                runbook <span className="num">{formatEstimate(procedure.estimate)}</span>
                {procedure.measured && (
                  <>
                    ; past runs p50 <span className="num">{formatClock(procedure.measured.p50Seconds * 1000)}</span>
                  </>
                )}
              </dd>
              <dt>For</dt>
              <dd>{[...procedure.scenarios, `${procedure.steps.length} steps`].join(', ')}</dd>
            </dl>
            {procedure.unfit && (
              <p className="mt-2 text-12 text-text-2">
                <b className="strong">Cannot be run here.</b> {procedure.unfit}
              </p>
            )}
          </li>
        ))}
      </ul>
      <Runs first={runs} />
    </div>
  )
}

/** The newest runs, live. */
function Runs({ first }: { first: RunSummary[] }) {
  const { data, error } = useQuery({ ...runsQuery, initialData: { runs: first } })
  return (
    <Panel title="Runs" aside={error && <StateWord state="unknown" word="NOT REFRESHED" />}>
      {data.runs.length === 0 ? (
        <p className="px-4 pb-4 text-text-2">
          No procedure has been run yet. A dry run shows every step and changes nothing.
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
                <th>Took</th>
                <th>By</th>
                <th>Incident</th>
              </tr>
            </thead>
            <tbody>
              {data.runs.map((run) => (
                <Row key={run.id} run={run} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}

function Row({ run }: { run: RunSummary }) {
  const look = presentRun(run.state, run.mode)
  return (
    <tr>
      <td>
        <Link href={`/runs/${run.id}`}>{run.title}</Link>{' '}
        <span className="whitespace-nowrap text-11 text-text-3">
          {modeWords[run.mode]} <span className="num">{runName(run.id)}</span>
        </span>
      </td>
      <td title={run.sentence}>
        <StateWord state={look.state} word={look.word} />
        {run.alone && <StateWord state="problem" word="BREAK-GLASS" className="ml-2" />}
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
      <td className="num whitespace-nowrap">
        <time dateTime={new Date(run.startedAt).toISOString()} title={utcWords(run.startedAt)}>
          {formatDate(run.startedAt)} {formatTimeOfDay(run.startedAt)}
        </time>
      </td>
      <td className="num">{run.finishedAt === null ? '–' : formatClock(run.finishedAt - run.startedAt)}</td>
      <td>{run.startedBy.name}</td>
      <td>
        {run.incidentNumber ? (
          <Link href={`/incidents/${run.incidentNumber}`} className="num">
            {incidentLabel(run.incidentNumber)}
          </Link>
        ) : (
          <span className="text-text-3">–</span>
        )}
      </td>
    </tr>
  )
}
