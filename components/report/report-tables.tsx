import { markedWords } from '../../lib/domain/checklist/count'
import type { ReportView } from '../../lib/domain/incident/view'
import { dash, formatClock, formatDigest, formatMoment } from '../../lib/web/present/format'
import { presentItem } from '../../lib/web/present/incident'
import { formatEstimate } from '../../lib/web/present/run'
import { Effect } from '../run/effect'
import { StateWord } from '../ui/state'

export function Steps({ report }: { report: ReportView }) {
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
                Estimate grey, actual black
              </th>
            </tr>
          </thead>
          <tbody>
            {report.steps.map((step) => (
              <tr key={`${step.runId}-${step.number}`}>
                <td className="num text-text-3">{step.number}</td>
                <td>
                  <b className="strong">{step.title}</b>
                  <span className="block text-12 text-text-3">
                    {step.state}
                    {step.stage && <>, at the same time: {step.stage}</>}
                  </span>
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

export function Approvals({ report }: { report: ReportView }) {
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
              <td className="num">{approval.at === null ? dash : formatMoment(approval.at)}</td>
              <td className="less num" title={approval.digest}>
                {formatDigest(approval.digest)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

export function Checks({ report }: { report: ReportView }) {
  return (
    <>
      <h2>
        Checklist, <span className="num">{report.checklist.passed}</span> of{' '}
        <span className="num">{report.checklist.of}</span> passed
        {report.checklist.marked > 0 && `, ${markedWords(report.checklist)}`}
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
                  {proof ? `${formatMoment(proof.at)} ${formatDigest(proof.sha256)}` : dash}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </>
  )
}
