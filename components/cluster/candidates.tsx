'use client'

import { memo } from 'react'
import type { CandidateView, Snapshot } from '../../lib/domain/cluster/types'
import { snapshotEveryMs } from '../../lib/queries/sight'
import { onLossScale, presentCandidate, presentConfidence, seriesOf, withSight } from '../../lib/web/present/cluster'
import {
  formatBytes,
  formatBytesRange,
  formatSeconds,
  formatSecondsRange,
  shortNames,
} from '../../lib/web/present/format'
import { Age, useSight } from '../ui/age'
import { Panel } from '../ui/panel'
import { StateWord } from '../ui/state'

export interface LossTargets {
  targetSeconds: number
  maximumSeconds: number
}

const barWidth = 112
const barFrom = 3

/** What each candidate would cost: loss (never received) apart from wait (not yet replayed). */
export function Candidates({ snapshot, rpo }: { snapshot: Snapshot; rpo: LossTargets }) {
  const confidence = presentConfidence(snapshot)
  const sight = useSight(snapshot.takenAt, snapshotEveryMs)
  const shownConfidence = confidence && withSight(confidence, sight)
  const series = seriesOf(snapshot.nodes)
  const names = shortNames(snapshot.nodes.map((n) => n.id))
  return (
    <Panel
      title="If you fail over now"
      className="area-candidates"
      aside={
        <>
          <span className="label wide-only">writer position</span>
          <WriterAge at={snapshot.writerPosition.observedAt} />
          {shownConfidence && <StateWord state={shownConfidence.state} word={shownConfidence.word} />}
        </>
      }
    >
      <div className="flex min-h-0 flex-1 flex-col overflow-auto px-4 pb-3">
        {snapshot.candidates.length === 0 ? (
          <p className="py-8 text-center text-text-3">No failover candidate: no reader is known.</p>
        ) : (
          <table className="candidates">
            <thead>
              <tr>
                <th scope="col">Candidate</th>
                <th scope="col" className="r">
                  Possible data loss
                </th>
                <th scope="col" className="r">
                  Wait
                </th>
                <th scope="col">
                  <ScaleHead rpo={rpo} />
                  <span className="sr-only">Loss on a logarithmic scale</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {snapshot.candidates.map((candidate) => (
                <Row
                  key={candidate.nodeId}
                  candidate={candidate}
                  name={`${names[candidate.nodeId] ?? candidate.nodeId}${candidate.nodeId === snapshot.writerId ? '’s standby' : ''}`}
                  series={series[candidate.nodeId] ?? 1}
                  rpo={rpo}
                />
              ))}
            </tbody>
          </table>
        )}
        <span className="grow" />
        <p className="candidate-note">{snapshot.candidateNote}</p>
      </div>
    </Panel>
  )
}

function WriterAge({ at }: { at: number | null }) {
  return (
    <span className="bare-age">
      <Age at={at} everyMs={Number.POSITIVE_INFINITY} ago />
    </span>
  )
}

const Row = memo(function Row({
  candidate,
  name,
  series,
  rpo,
}: {
  candidate: CandidateView
  name: string
  series: number
  rpo: LossTargets
}) {
  const sight = useSight(candidate.observedAt, snapshotEveryMs)
  const { state, word } = presentCandidate(candidate)
  const shown = withSight({ state, word }, sight)
  const { loss, wait } = candidate
  return (
    <tr className={sight === 'live' ? undefined : 'stale'}>
      <td>
        <div className="flex h-[18px] items-center gap-1.5">
          <span className="mono strong truncate text-12" title={candidate.nodeId}>
            {name}
          </span>
          {candidate.best && !candidate.blocked && <span className="best">BEST</span>}
        </div>
        <StateWord state={shown.state} word={word} />
        {shown.word !== word && <span className="small">stale</span>}
        <span className="sr-only">{candidate.blocked ?? candidate.reason}</span>
      </td>
      <td className="r" title={candidate.blocked ?? (loss.known ? candidate.reason : loss.why)}>
        {loss.known ? (
          <>
            <span className="num strong">{formatSecondsRange(loss.atLeast.seconds, loss.atMost.seconds)}</span>
            <span className="num small">{formatBytesRange(loss.atLeast.bytes, loss.atMost.bytes)}</span>
          </>
        ) : (
          <>
            <span className="strong">unknown</span>
            <span className="small truncate">{loss.why}</span>
          </>
        )}
      </td>
      <td className="r" title={wait.known ? undefined : wait.why}>
        {wait.known ? (
          <>
            <span className="num">{formatSeconds(wait.seconds)}</span>
            <span className="num small">{formatBytes(wait.bytes)}</span>
          </>
        ) : (
          <span>unknown</span>
        )}
      </td>
      <td className="bar-cell">
        <LossBar loss={loss} series={series} rpo={rpo} />
      </td>
    </tr>
  )
})

const place = (seconds: number, rpo: LossTargets) => barFrom + onLossScale(seconds, rpo.maximumSeconds) * barWidth

function ScaleHead({ rpo }: { rpo: LossTargets }) {
  return (
    <svg width="128" height="16" viewBox="0 0 128 16" className="scale-head" aria-hidden="true">
      <text x={place(1, rpo)} y="12" textAnchor="middle">
        1 s
      </text>
      <text x={place(rpo.targetSeconds, rpo) + 2} y="12" textAnchor="end" className="target">
        {rpo.targetSeconds / 60} min
      </text>
      <text x={place(rpo.maximumSeconds, rpo) - 4} y="12" className="max">
        {rpo.maximumSeconds / 3600} h
      </text>
    </svg>
  )
}

/** From what is known lost to what may be lost, on a log scale with target and maximum. A range stays a range. */
function LossBar({ loss, series, rpo }: { loss: CandidateView['loss']; series: number; rpo: LossTargets }) {
  const color = `var(--series-${series})`
  const [target, maximum] = [place(rpo.targetSeconds, rpo), place(rpo.maximumSeconds, rpo)]
  const from = loss.known ? place(loss.atLeast.seconds, rpo) : 0
  const to = loss.known ? Math.max(from, place(loss.atMost.seconds, rpo)) : 0
  return (
    <svg width="128" height="60" viewBox="0 0 128 60" aria-hidden="true">
      <line x1={barFrom} x2={maximum} y1="17" y2="17" stroke="var(--border-2)" />
      <line x1={target} x2={target} y1="0" y2="60" stroke="var(--state-lagging)" strokeDasharray="3 3" />
      <line x1={maximum} x2={maximum} y1="0" y2="60" stroke="var(--state-problem)" strokeDasharray="3 3" />
      {loss.known ? (
        <>
          <rect x={from} y="12" width={to - from} height="10" rx="2" fill={color} opacity="0.28" />
          <rect x={from - 1} y="10" width="3" height="14" rx="1" fill={color} />
          {to - from > 2 && <rect x={to - 2} y="10" width="3" height="14" rx="1" fill={color} />}
        </>
      ) : (
        <rect x={barFrom} y="12" width={barWidth} height="10" rx="2" fill="var(--state-unknown-edge)" opacity="0.5" />
      )}
    </svg>
  )
}
