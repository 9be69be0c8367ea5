import type { LagHistory } from '../../lib/domain/cluster/feed'
import type { NodeView } from '../../lib/domain/cluster/types'
import { seriesOf } from '../../lib/web/present/cluster'
import { formatTimeOfDay, shortNames } from '../../lib/web/present/format'

/** Where a lag in seconds stands: logarithmic from 0.1 s at the foot to the maximum at the top. */
const place = (seconds: number, maximum: number, top: number, foot: number) => {
  const share = (Math.log10(Math.max(0.1, seconds)) + 1) / (Math.log10(maximum) + 1)
  return foot - Math.min(1, share) * (foot - top)
}

/** Lag of the last minutes as lines with gaps; a gap is never joined. */
export function lagPath(
  history: LagHistory,
  id: string,
  x: (at: number) => number,
  y: (seconds: number) => number,
): string {
  const seconds = history.series[id]?.seconds ?? []
  let path = ''
  let pen = false
  for (let i = 0; i < history.at.length; i++) {
    const value = seconds[i]
    const at = history.at[i]
    if (value === null || value === undefined || at === undefined) {
      pen = false
      continue
    }
    path += `${pen ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`
    pen = true
  }
  return path
}

export function WallChart({
  history,
  nodes,
  writerId,
  rpo,
}: {
  history: LagHistory | null
  nodes: NodeView[]
  writerId: string | null
  rpo: { targetSeconds: number; maximumSeconds: number }
}) {
  const [left, right, top, foot] = [92, 728, 12, 132]
  const from = history?.fromMs ?? 0
  const to = history?.toMs ?? 1
  const x = (at: number) => left + ((at - from) / Math.max(1, to - from)) * (right - left)
  const y = (seconds: number) => place(seconds, rpo.maximumSeconds, top, foot)
  const colours = seriesOf(nodes)
  const names = shortNames(nodes.map((node) => node.id))
  const readers = nodes.filter((node) => node.id !== writerId)
  // From when on nothing is known of any reader: the last moment with a figure.
  let known = from
  for (const node of readers) {
    const seconds = history?.series[node.id]?.seconds ?? []
    for (let i = seconds.length - 1; i >= 0; i--)
      if (seconds[i] !== null && seconds[i] !== undefined) {
        known = Math.max(known, history?.at[i] ?? from)
        break
      }
  }
  const unknown = history !== null && to - known > 15_000
  const ticks = history ? [0.15, 0.5, 0.85].map((share) => from + share * (to - from)) : []
  return (
    <svg
      className="wall-chart block w-full"
      viewBox="0 0 740 172"
      role="img"
      aria-label="Replication lag in seconds, logarithmic"
    >
      <defs>
        <pattern id="wall-hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="2" height="8" style={{ fill: 'var(--hatch-ink)' }} />
        </pattern>
      </defs>
      {[
        { at: rpo.maximumSeconds, word: '1 h', colour: 'var(--state-problem)' },
        { at: rpo.targetSeconds, word: '', colour: 'var(--state-lagging)' },
        { at: 30, word: '30 s', colour: 'var(--border-1)' },
        { at: 0.3, word: '0.3 s', colour: 'var(--border-1)' },
      ].map((line, i) => (
        <g key={line.at}>
          <line
            x1={left}
            x2={right}
            y1={y(line.at)}
            y2={y(line.at)}
            stroke={line.colour}
            strokeWidth={2}
            strokeDasharray={i < 2 ? '8 6' : undefined}
          />
          <text
            x={left - 8}
            y={y(line.at) + 8}
            textAnchor="end"
            style={{ fill: i === 0 ? 'var(--state-problem)' : 'var(--text-2)' }}
          >
            {line.word}
          </text>
        </g>
      ))}
      {unknown && (
        <>
          <rect x={x(known)} y={top} width={right - x(known)} height={foot - top} fill="url(#wall-hatch)" />
          <text
            x={right - 12}
            y={104}
            textAnchor="end"
            style={{ font: '550 24px var(--font-sans)', wordSpacing: 0, letterSpacing: 0, fill: 'var(--text-1)' }}
          >
            unknown since {formatTimeOfDay(known)}
          </text>
        </>
      )}
      {history &&
        readers.map((node) => (
          <path
            key={node.id}
            d={lagPath(history, node.id, x, y)}
            fill="none"
            stroke={`var(--series-${colours[node.id] ?? 1})`}
            strokeWidth={2.5}
            strokeLinejoin="round"
            strokeDasharray={node.role === 'cross-region' ? '6 4' : undefined}
          />
        ))}
      {readers.map((node, i) => (
        <text
          key={node.id}
          x={left + 10 + readers.slice(0, i).reduce((w, other) => w + 22 + 11.5 * (names[other.id]?.length ?? 0), 0)}
          y={54}
          style={{ font: '550 22px var(--font-sans)', wordSpacing: 0, fill: `var(--series-${colours[node.id] ?? 1})` }}
        >
          {names[node.id]}
        </text>
      ))}
      {ticks.map((at) => (
        <text key={at} x={x(at)} y={164} textAnchor="middle" style={{ fill: 'var(--text-2)' }}>
          {formatTimeOfDay(at).slice(0, 5)}
        </text>
      ))}
      {!history && (
        <text
          x={410}
          y={90}
          textAnchor="middle"
          style={{ font: '500 24px var(--font-sans)', wordSpacing: 0, fill: 'var(--text-2)' }}
        >
          Lag is not known here
        </text>
      )}
    </svg>
  )
}
