'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Printer } from 'lucide-react'
import { useCallback } from 'react'
import { incidentLabel } from '../../lib/domain/incident/labels'
import type { ReportView } from '../../lib/domain/incident/view'
import { reportMoves } from '../../lib/domain/report/states'
import { reportQuery } from '../../lib/queries/report'
import type { ReportActions } from '../../lib/web/present/actions'
import { formatDate, formatMoment, formatTimeOfDay, formatZone } from '../../lib/web/present/format'
import { presentReportState } from '../../lib/web/present/incident'
import { Button } from '../ui/button'
import { Markdown } from '../ui/markdown'
import { Refusal } from '../ui/refusal'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import { ComparedRows } from './compared-rows'
import { ExportLink } from './export-link'
import { FollowUps } from './follow-ups'
import { LagChart } from './lag-chart'
import { Figures, Measured, Split } from './report-figures'
import { Approvals, Checks, Steps } from './report-tables'
import { Words } from './words'

const day = (at: number) => formatDate(at, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })

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
  const refresh = useCallback(
    () => void client.invalidateQueries({ queryKey: ['report', String(number)] }),
    [client, number],
  )
  if (isPending) return <div className="report" aria-busy="true" />
  if (!report)
    return (
      <div className="report">
        <h1>The report is not available</h1>
        <p className="text-text-2">{error?.message}</p>
      </div>
    )
  const section = (key: ReportView['sections'][number]['key']) => {
    const found = report.sections.find((candidate) => candidate.key === key)
    return found ? (
      <Words
        number={number}
        section={found}
        mayWrite={report.rights.write.allowed}
        save={actions.save}
        refresh={refresh}
      />
    ) : null
  }
  return (
    <article className="report">
      {report.state !== 'final' && (
        <p
          className="pointer-events-none fixed inset-x-0 top-[38%] z-1 hidden -rotate-30 text-center font-bold text-[120px] opacity-15 print:block"
          aria-hidden
        >
          DRAFT
        </p>
      )}
      <Tools report={report} move={actions.move} onDone={refresh} />
      <Head report={report} />
      <Figures report={report} monthlyAvailability={monthlyAvailability} />
      {section('summary')}
      {section('impact')}
      <Split report={report} />
      <LagChart number={number} report={report} />
      <div className="report-pair">
        <div>
          <h2>Story</h2>
          <ol className="report-story">
            {report.story
              .toSorted((a, b) => a.occurredAt - b.occurredAt)
              .map((entry) => (
                <li key={entry.id}>
                  <span className="num text-text-2">{formatMoment(entry.occurredAt)}</span>
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
          <Measured report={report} />
          <FollowUps report={report} act={actions.action} onDone={refresh} />
          <h2>Review meeting</h2>
          <Review rca={report.rca} />
        </div>
      </div>
      <Steps report={report} />
      <Approvals report={report} />
      <ComparedRows report={report} />
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
  return (
    <div className="report-tools no-print">
      <a href={`/incidents/${report.incident.number}`} className="btn" data-size="s" data-look="ghost">
        Back to {incidentLabel(report.incident.number)}
      </a>
      <StateWord state={look.state} word={look.word} look="chip" />
      {reportMoves.map((step) => {
        if (step.from !== report.state) return null
        const right = step.lead ? report.rights.finish : report.rights.write
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
      <Refusal why={error} />
      <span className="grow" />
      <ExportLink href={report.exports.markdown}>Markdown</ExportLink>
      <ExportLink href={report.exports.json}>JSON</ExportLink>
      {report.exports.pdf && <ExportLink href={`${report.exports.pdf}&paper=a4`}>PDF, A4</ExportLink>}
      {report.exports.pdf && <ExportLink href={`${report.exports.pdf}&paper=letter`}>PDF, Letter</ExportLink>}
      <Button size="s" look="go" onClick={() => window.print()}>
        <Printer aria-hidden /> {report.exports.pdf ? 'Print' : 'Print or PDF'}
      </Button>
    </div>
  )
}

/** The time is that of the team's zone, which is named; one's own is said beside it where it differs. */
function Review({ rca }: { rca: ReportView['rca'] }) {
  const dayIn = (timeZone?: string) =>
    formatDate(rca.at, {
      ...(timeZone ? { timeZone } : {}),
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
    })
  const there = dayIn(rca.zone)
  // Far enough away, the same moment is on another day.
  const otherDay = dayIn() === there ? '' : ` on ${dayIn().split(' ')[0]?.replace(',', '')}`
  const here = formatTimeOfDay(rca.at).slice(0, 5)
  const same = formatTimeOfDay(rca.at, rca.zone).slice(0, 5) === here
  return (
    <p className="text-13">
      {there}, <span className="num">{formatTimeOfDay(rca.at, rca.zone).slice(0, 5)}</span> in the zone{' '}
      <span className="whitespace-nowrap">{rca.zone}</span> ({rca.offset})
      {!same && (
        <span className="text-text-2">
          , <span className="num">{here}</span>
          {otherDay} your time
        </span>
      )}
      .{' '}
      <a href={rca.icsHref} className="no-print underline">
        Calendar file
      </a>
    </p>
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
        <span className="num font-semibold">{incidentLabel(incident.number)}</span>
        <span className="text-text-2">
          {incident.scenario}, {day(incident.impactStartedAt)},{' '}
          <span className="num">{formatTimeOfDay(incident.impactStartedAt)}</span>
          {incident.resolvedAt !== null && (
            <>
              {' '}
              to <span className="num">{formatMoment(incident.resolvedAt)}</span>
            </>
          )}
          . Times are in {formatZone(incident.impactStartedAt)}.
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
