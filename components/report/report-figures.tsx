import type { ReactNode } from 'react'
import type { ReportView } from '../../lib/domain/incident/view'
import { dash, formatClock, formatMeasure, formatPercent } from '../../lib/web/present/format'
import { presentLoss, presentObjective } from '../../lib/web/present/incident'
import type { State } from '../../lib/web/present/state'
import { formatSpan } from '../incident/span'
import { StateWord } from '../ui/state'

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
      <div className="flex flex-wrap items-center justify-between gap-x-2">
        <span className="text-12 text-text-2">{title}</span>
        <StateWord state={state} word={word} />
      </div>
      <div className="value" style={value.length > 9 ? { fontSize: 24 } : undefined}>
        {value}
      </div>
      <div className="text-12 text-text-3">{says}</div>
    </div>
  )
}

export function Figures({ report, monthlyAvailability }: { report: ReportView; monthlyAvailability: number }) {
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
        says={`${clocks.rpo.estimated ? 'estimated by WAL position, ' : ''}${loss.bytes ? `${loss.bytes}, ` : ''}target ${formatSpan(clocks.rpo.targetMs)}`}
      />
      <Figure
        title="Commits lost"
        state={committed === 'none' ? 'ok' : committed === 'some' ? 'problem' : 'unknown'}
        word={committed === 'none' ? 'MET' : committed === 'some' ? 'NOT MET' : 'UNKNOWN'}
        value={report.loss.commits === null ? dash : String(report.loss.commits)}
        // By heartbeats alone it is certain that some are lost, and not how many.
        says={
          report.loss.commits === null && committed === 'some'
            ? 'some acknowledged commits lost, not counted (target: 0)'
            : 'acknowledged commits lost (target: 0)'
        }
      />
      <Figure
        title="Budget spent"
        state={share === null ? 'unknown' : share > 1 ? 'problem' : share > 0.25 ? 'lagging' : 'ok'}
        word={share === null ? 'UNKNOWN' : share > 1 ? 'OVER BUDGET' : share > 0.25 ? 'WARN' : 'OK'}
        value={share === null ? dash : formatPercent(share)}
        says={`of ${formatClock(clocks.availability.budgetMs)} at ${formatPercent(monthlyAvailability)} a month`}
      />
    </div>
  )
}

export function Split({ report }: { report: ReportView }) {
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
        <p className="text-text-3">Available once writes are restored.</p>
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

/** What the runs of the incident measured, as their procedures say it. */
export function Measured({ report }: { report: ReportView }) {
  return (
    <>
      <h2>Measured</h2>
      {report.measures.length > 0 && (
        <table>
          <tbody>
            {report.measures.map((measure) => (
              <tr key={measure.label}>
                <td>{measure.label}</td>
                <td className="num text-right">{formatMeasure(measure)}</td>
                <td className="text-right">
                  {measure.verdict !== null && <StateWord {...presentObjective(measure.verdict)} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="mt-2 text-12 text-text-2">{report.loss.says}</p>
    </>
  )
}
