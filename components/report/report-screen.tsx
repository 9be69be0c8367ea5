'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Printer } from 'lucide-react'
import type { ReactNode } from 'react'
import type { ReportView } from '../../lib/domain/incident/view'
import { reportQuery } from '../../lib/queries/report'
import {
  dash,
  formatBytes,
  formatClock,
  formatPercent,
  formatSeconds,
  formatTimeOfDay,
} from '../../lib/web/present/format'
import {
  incidentName,
  presentItem,
  presentLoss,
  presentObjective,
  presentReportState,
} from '../../lib/web/present/incident'
import { formatEstimate } from '../../lib/web/present/run'
import type { State } from '../../lib/web/present/state'
import { formatSpan } from '../incident/span'
import { Effect } from '../run/effect'
import { Button } from '../ui/button'
import { Markdown } from '../ui/markdown'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import type { ReportActions } from './actions'
import { FollowUps } from './follow-ups'
import { Words } from './words'

const day = (at: number) =>
  new Date(at).toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })

/** The post-incident report. Figures come from the record at each reading; words are by people. It prints as it stands. */
export function ReportScreen({
  number,
  monthlyAvailability,
  actions,
}: {
  number: number
  monthlyAvailability: number
  actions: ReportActions
}) {
  const { data: report, error, isPending } = useQuery(reportQuery(number))
  const client = useQueryClient()
  const refresh = () => void client.invalidateQueries({ queryKey: ['report', String(number)] })
  if (isPending) return <div className="report" aria-busy="true" />
  if (!report)
    return (
      <div className="report">
        <h1>This report cannot be shown</h1>
        <p className="text-text-2">{error?.message}</p>
      </div>
    )
  const section = (key: ReportView['sections'][number]['key']) => {
    const found = report.sections.find((candidate) => candidate.key === key)
    return found ? (
      <Words number={number} section={found} mayWrite={report.rights.write.allowed} save={actions.save} />
    ) : null
  }
  return (
    <article className="report">
      <Tools report={report} move={actions.move} onDone={refresh} />
      <Head report={report} />
      <Figures report={report} monthlyAvailability={monthlyAvailability} />
      {section('summary')}
      {section('impact')}
      <Split report={report} />
      <div className="report-pair">
        <div>
          <h2>Story</h2>
          <ol className="report-story">
            {report.story
              .toSorted((a, b) => a.occurredAt - b.occurredAt)
              .map((entry) => (
                <li key={entry.id}>
                  <span className="num text-text-2">{formatTimeOfDay(entry.occurredAt)}</span>
                  <div>
                    {entry.kind === 'decision' && <b className="strong">Decision: </b>}
                    {['note', 'decision', 'action', 'correction'].includes(entry.kind) ? (
                      <span className="entry-text">
                        <Markdown text={entry.text} />
                      </span>
                    ) : (
                      entry.text
                    )}
                  </div>
                </li>
              ))}
          </ol>
        </div>
        <div>
          <Loss report={report} />
          <FollowUps report={report} act={actions.action} onDone={refresh} />
          <h2>Review meeting</h2>
          <p className="text-13">
            {day(report.rca.at)}, <span className="num">{formatTimeOfDay(report.rca.at).slice(0, 5)}</span>.{' '}
            <a href={report.rca.icsHref} className="no-print">
              Calendar file
            </a>
          </p>
        </div>
      </div>
      <Steps report={report} />
      <Approvals report={report} />
      <Checks report={report} />
      {section('causes')}
      {section('lessons')}
      <p className="mt-10 break-all text-12 text-text-3">
        {report.record.says} Head of the chain <span className="num">{report.record.head}</span>.
      </p>
    </article>
  )
}

function Tools({ report, move, onDone }: { report: ReportView; move: ReportActions['move']; onDone: () => void }) {
  const { run, busy, error } = useAction(move)
  const look = presentReportState(report.state)
  const next: Record<ReportView['state'], { to: ReportView['state']; button: string }[]> = {
    draft: [{ to: 'in-review', button: 'Ask for review' }],
    'in-review': [
      { to: 'final', button: 'Make it final' },
      { to: 'draft', button: 'Back to draft' },
    ],
    final: [{ to: 'draft', button: 'Open it again' }],
  }
  return (
    <div className="report-tools no-print">
      <a href={`/incidents/${report.incident.number}`} className="btn" data-size="s" data-look="ghost">
        Back to {incidentName(report.incident.number)}
      </a>
      <StateWord state={look.state} word={look.word} look="chip" />
      {next[report.state].map((step) => {
        const right = step.to === 'final' || report.state === 'final' ? report.rights.finish : report.rights.write
        return (
          <Button
            key={step.to}
            size="s"
            disabled={busy || !right.allowed}
            title={right.why ?? undefined}
            onClick={async () => {
              if (await run({ number: report.incident.number, version: report.version, to: step.to })) onDone()
            }}
          >
            {step.button}
          </Button>
        )
      })}
      {error && (
        <span role="alert" className="text-12 text-state-problem">
          {error}
        </span>
      )}
      <span className="grow" />
      <a className="btn" data-size="s" href={report.exports.markdown} download>
        Markdown
      </a>
      <a className="btn" data-size="s" href={report.exports.json} download>
        JSON
      </a>
      <Button size="s" look="go" onClick={() => window.print()}>
        <Printer aria-hidden /> Print or PDF
      </Button>
    </div>
  )
}

function Head({ report }: { report: ReportView }) {
  const { incident, record } = report
  return (
    <header>
      <h1>{incident.title}</h1>
      <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-1">
        <b className="severity" data-severity={incident.severity}>
          {incident.severity}
        </b>
        {incident.kind === 'drill' && <StateWord state="lagging" word="DRILL" look="solid" />}
        <span className="num font-semibold">{incidentName(incident.number)}</span>
        <span className="text-text-2">
          {incident.scenario}, {day(incident.impactStartedAt)},{' '}
          <span className="num">{formatTimeOfDay(incident.impactStartedAt)}</span>
          {incident.resolvedAt !== null && (
            <>
              {' '}
              to <span className="num">{formatTimeOfDay(incident.resolvedAt)}</span>
            </>
          )}
        </span>
        <span className="grow" />
        <StateWord state={record.whole ? 'ok' : 'problem'} word={record.whole ? 'RECORD VERIFIED' : 'RECORD BROKEN'} />
        <span className="text-12 text-text-3">
          <span className="num">{record.entries}</span> entries
        </span>
      </div>
    </header>
  )
}

function Figure({
  title,
  state,
  word,
  value,
  says,
}: {
  title: string
  state: State
  word: string
  value: string
  says: ReactNode
}) {
  return (
    <div>
      <div className="flex items-center justify-between gap-2">
        <span className="truncate text-12 text-text-2">{title}</span>
        <StateWord state={state} word={word} />
      </div>
      <div className="value" style={value.length > 9 ? { fontSize: 24 } : undefined}>
        {value}
      </div>
      <div className="text-12 text-text-3">{says}</div>
    </div>
  )
}

function Figures({ report, monthlyAvailability }: { report: ReportView; monthlyAvailability: number }) {
  const { clocks } = report
  // Resolved without a proved write path: nothing was attained that could be met.
  const rto = presentObjective(clocks.restoredAt === null ? 'unknown' : clocks.rto.verdict)
  const rpo = presentObjective(clocks.rpo.verdict)
  const loss = presentLoss(clocks.rpo)
  const committed = clocks.rpo.committedLoss
  const share = clocks.availability.share
  return (
    <div className="report-figures">
      <Figure
        title="RTO achieved"
        state={rto.state}
        word={rto.word}
        value={clocks.restoredAt === null ? dash : formatClock(clocks.restoredAt - clocks.impactStartedAt)}
        says={`target ${formatSpan(clocks.rto.targetMs)}, maximum ${formatSpan(clocks.rto.maximumMs)}`}
      />
      <Figure
        title="RPO achieved"
        state={rpo.state}
        word={rpo.word}
        value={loss.seconds ?? 'unknown'}
        says={`${loss.bytes ? `${loss.bytes}, ` : ''}target ${formatSpan(clocks.rpo.targetMs)}`}
      />
      <Figure
        title="Committed loss 0"
        state={committed === 'none' ? 'ok' : committed === 'some' ? 'problem' : 'unknown'}
        word={committed === 'none' ? 'MET' : committed === 'some' ? 'NOT MET' : 'UNKNOWN'}
        value={report.loss.commits === null ? dash : `${report.loss.commits} lost`}
        says="acknowledged commits that are gone, counted by their numbers"
      />
      <Figure
        title="Availability spent"
        state={share === null ? 'unknown' : share > 1 ? 'problem' : share > 0.25 ? 'lagging' : 'ok'}
        word={share === null ? 'UNKNOWN' : share > 1 ? 'OVER BUDGET' : share > 0.25 ? 'WARN' : 'OK'}
        value={share === null ? dash : formatPercent(share)}
        says={`of ${formatClock(clocks.availability.budgetMs)} at ${formatPercent(monthlyAvailability)} a month`}
      />
    </div>
  )
}

function Split({ report }: { report: ReportView }) {
  const known = report.split.flatMap((part) => (part.ms === null ? [] : [{ ...part, ms: part.ms }]))
  const sum = known.reduce((total, part) => total + part.ms, 0)
  return (
    <>
      <h2>Where the time went</h2>
      {sum > 0 && known.length > 1 ? (
        <div className="report-split" aria-hidden>
          {known.map((part) => (
            <i key={part.key} className={`part-${part.key}`} style={{ flexGrow: part.ms / sum, flexBasis: 0 }} />
          ))}
        </div>
      ) : (
        <p className="text-text-3">It is known once the write path is restored.</p>
      )}
      <ul className="report-legend">
        {report.split.map((part) => (
          <li key={part.key}>
            <i className={`part-${part.key}`} aria-hidden />
            {part.label} <b className="num strong">{part.ms === null ? 'unknown' : formatClock(part.ms)}</b>
          </li>
        ))}
        {sum > 0 && known.length > 1 && (
          <li className="ml-auto text-text-2">
            sum <b className="num strong text-text-1">{formatClock(sum)}</b>
          </li>
        )}
      </ul>
      {report.clocks.availability.contradiction && (
        <p className="mt-3 text-13 text-text-2">{report.clocks.availability.contradiction}</p>
      )}
    </>
  )
}

function Loss({ report }: { report: ReportView }) {
  const { loss } = report
  const rows: [string, string][] = [
    ['Seconds', loss.seconds === null ? 'unknown' : formatSeconds(loss.seconds)],
    ['WAL', loss.bytes === null ? 'unknown' : formatBytes(loss.bytes)],
    ['Heartbeats', loss.beats === null ? 'unknown' : String(loss.beats)],
    ['Acknowledged commits', loss.commits === null ? 'not counted' : String(loss.commits)],
  ]
  return (
    <>
      <h2>Loss</h2>
      <table>
        <tbody>
          {rows.map(([label, value]) => (
            <tr key={label}>
              <td>{label}</td>
              <td className="num text-right">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="mt-2 text-12 text-text-2">{loss.says}</p>
    </>
  )
}

function Steps({ report }: { report: ReportView }) {
  const longest = Math.max(
    1,
    ...report.steps.map((step) => Math.max((step.estimate?.highSeconds ?? 0) * 1000, step.actualMs ?? 0)),
  )
  return (
    <>
      <h2>Steps, estimate against actual</h2>
      {report.steps.length === 0 ? (
        <p className="text-text-3">No procedure was run.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th>
                <span className="sr-only">Number</span>
              </th>
              <th>Step</th>
              <th className="less">Effect</th>
              <th className="text-right">Runbook</th>
              <th className="text-right">Actual</th>
              <th className="less" style={{ width: 200 }}>
                Runbook grey, actual black
              </th>
            </tr>
          </thead>
          <tbody>
            {report.steps.map((step) => (
              <tr key={`${step.runId}-${step.number}`}>
                <td className="num text-text-3">{step.number}</td>
                <td>
                  <b className="strong">{step.title}</b>
                  <span className="block text-12 text-text-3">{step.state}</span>
                </td>
                <td className="less">
                  <Effect effect={step.effect} />
                </td>
                <td className="num text-right text-text-2">{step.estimate ? formatEstimate(step.estimate) : dash}</td>
                <td className="num strong text-right">{step.actualMs === null ? dash : formatClock(step.actualMs)}</td>
                <td className="less">
                  <span className="report-bar" aria-hidden>
                    {step.estimate && <i style={{ width: `${(100 * step.estimate.highSeconds * 1000) / longest}%` }} />}
                    {step.actualMs !== null && <b style={{ width: `${(100 * step.actualMs) / longest}%` }} />}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}

function Approvals({ report }: { report: ReportView }) {
  if (report.approvals.length === 0) return null
  return (
    <>
      <h2>Approvals</h2>
      <table>
        <thead>
          <tr>
            <th>Asked</th>
            <th>Decision</th>
            <th>By</th>
            <th>At</th>
            <th className="less">Digest</th>
          </tr>
        </thead>
        <tbody>
          {report.approvals.map((approval) => (
            <tr key={`${approval.runId}-${approval.digest}-${approval.at}`}>
              <td>{approval.title}</td>
              <td>
                {approval.breakGlass ? (
                  <StateWord state="problem" word="BREAK-GLASS" />
                ) : (
                  <span>{approval.decision}</span>
                )}
              </td>
              <td>{approval.by ?? dash}</td>
              <td className="num">{approval.at === null ? dash : formatTimeOfDay(approval.at)}</td>
              <td className="less num" title={approval.digest}>
                {approval.digest.slice(0, 12)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

function Checks({ report }: { report: ReportView }) {
  return (
    <>
      <h2>
        Checklist, <span className="num">{report.checklist.passed}</span> of{' '}
        <span className="num">{report.checklist.of}</span> hold
      </h2>
      <table>
        <tbody>
          {report.checklist.items.map((item) => {
            const look = presentItem(item)
            const proof = item.evidence[0]
            return (
              <tr key={item.key}>
                <td className="num text-text-3">{item.number}</td>
                <td>
                  <b className="strong">{item.title}</b>
                  <span className="block text-12 text-text-3">{item.handTick?.reason ?? item.says}</span>
                </td>
                <td>
                  <StateWord state={look.state} word={look.word} />
                </td>
                <td className="num less text-right text-12 text-text-3">
                  {proof ? `${formatTimeOfDay(proof.at)} ${proof.sha256.slice(0, 10)}` : dash}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </>
  )
}
