'use client'

import { useQuery } from '@tanstack/react-query'
import { nodeWords } from '../../lib/domain/cluster/node-key'
import type { ReportView } from '../../lib/domain/incident/view'
import type { ReportLag } from '../../lib/domain/report/view'
import { reportLagQuery } from '../../lib/queries/report'
import { formatSeconds, formatTimeOfDay } from '../../lib/web/present/format'

/* Drawn as SVG by ourselves: a printed report needs the same picture on paper, in any size, without a script. */
const [width, height] = [872, 232]
const plot = { left: 52, right: width - 132, top: 26, bottom: height - 26 }
const least = 0.01
const dashes = ['', '5 3', '2 3', '8 3 2 3']

/** Replication lag of each reader from before the impact until after the end; a gap is a gap. */
export function LagChart({ number, report }: { number: number; report: ReportView }) {
  const { data, error } = useQuery(reportLagQuery(number))
  return (
    <>
      <h2>Replication lag</h2>
      {error && !data && <p className="text-state-problem">{error.message}</p>}
      {data?.points.length === 0 && (
        <p className="text-text-3">No lag data for this period: it was not measured or has been deleted.</p>
      )}
      {/* The place is kept while it loads, so that nothing below it moves. */}
      <div className="report-chart" aria-busy={!data}>
        {data && data.points.length > 0 && <Drawing lag={data} clocks={report.clocks} />}
      </div>
    </>
  )
}

function Drawing({ lag: kept, clocks }: { lag: ReportLag; clocks: ReportView['clocks'] }) {
  // Nothing is drawn for a time in which nobody looked yet.
  const lag = { ...kept, from: Math.max(kept.from, Math.min(kept.points[0]?.at ?? kept.from, clocks.impactStartedAt)) }
  const nodes = [...new Set(lag.points.flatMap(({ byNode }) => Object.keys(byNode)))].sort()
  const worst = Math.max(1, ...lag.points.flatMap(({ byNode }) => Object.values(byNode).map((v) => v?.seconds ?? 0)))
  const top = 10 ** Math.ceil(Math.log10(worst * 1.2))
  const x = (at: number) =>
    plot.left + (plot.right - plot.left) * Math.min(1, Math.max(0, (at - lag.from) / (lag.to - lag.from)))
  const y = (seconds: number) =>
    plot.bottom - ((plot.bottom - plot.top) * Math.log10(Math.max(least, seconds) / least)) / Math.log10(top / least)
  const decades = Array.from({ length: Math.round(Math.log10(top / least)) + 1 }, (_, i) => least * 10 ** i)
  // Two points further apart than this have a gap between them.
  const step = Math.max(2500, (3 * (lag.to - lag.from)) / lag.points.length)
  const end = clocks.restoredAt ?? clocks.resolvedAt
  const marks = [
    { at: clocks.impactStartedAt, word: 'impact' },
    ...(clocks.runStartedAt === null ? [] : [{ at: clocks.runStartedAt, word: 'run' }]),
    ...(end === null ? [] : [{ at: end, word: clocks.restoredAt === null ? 'resolved' : 'writes back' }]),
  ]
  return (
    <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`Replication lag, at worst ${formatSeconds(worst)}`}>
      {end !== null && (
        <rect
          className="during"
          x={x(clocks.impactStartedAt)}
          width={Math.max(1, x(end) - x(clocks.impactStartedAt))}
          y={plot.top}
          height={plot.bottom - plot.top}
        />
      )}
      {decades.map((seconds) => (
        <g key={seconds}>
          <line className="grid" x1={plot.left} x2={plot.right} y1={y(seconds)} y2={y(seconds)} />
          <text x={plot.left - 8} y={y(seconds) + 4} textAnchor="end">
            {seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${Math.round(seconds)} s`}
          </text>
        </g>
      ))}
      {[0, 0.25, 0.5, 0.75, 1].map((share) => {
        const at = lag.from + share * (lag.to - lag.from)
        return (
          <text key={share} x={x(at)} y={height - 6} textAnchor="middle">
            {formatTimeOfDay(at)}
          </text>
        )
      })}
      {marks.map(({ at, word }, i) => (
        <g key={word}>
          <line className="mark" x1={x(at)} x2={x(at)} y1={plot.top} y2={plot.bottom} />
          <text
            className="word"
            x={x(at) + (i === 0 ? -5 : 5)}
            y={i === 1 ? 10 : 20}
            textAnchor={i === 0 ? 'end' : 'start'}
          >
            {word}
          </text>
        </g>
      ))}
      {nodes.map((node, i) => (
        <path
          key={node}
          className="series"
          data-series={i % 4}
          strokeDasharray={dashes[i % dashes.length]}
          d={lineOf(lag, node, step, x, y)}
        />
      ))}
      {nodes.map((node, i) => (
        <g key={node}>
          <line
            className="series"
            data-series={i % 4}
            strokeDasharray={dashes[i % dashes.length]}
            x1={plot.right + 10}
            x2={plot.right + 32}
            y1={plot.top + 10 + i * 18}
            y2={plot.top + 10 + i * 18}
          />
          <text className="name" x={plot.right + 38} y={plot.top + 14 + i * 18}>
            {nodeWords(node, (name) => name.replace(/^castmatch-(prod-)?/, ''))}
          </text>
        </g>
      ))}
    </svg>
  )
}

/** One path; where nothing was measured, or nothing was kept, the pen is lifted. */
function lineOf(
  lag: ReportLag,
  node: string,
  step: number,
  x: (at: number) => number,
  y: (seconds: number) => number,
): string {
  let path = ''
  let before: number | null = null
  for (const { at, byNode } of lag.points) {
    const value = byNode[node]
    if (!value) {
      before = null
      continue
    }
    path += `${before !== null && at - before <= step ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value.seconds).toFixed(1)}`
    before = at
  }
  return path
}
