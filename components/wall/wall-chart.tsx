import type { WallNode } from '../../lib/domain/wall/picture'
import type { WallLag } from '../../lib/domain/wall/view'
import { seriesOf } from '../../lib/web/present/cluster'
import { formatTimeOfDay, shortNames } from '../../lib/web/present/format'
import { readersOf } from './readers'
import { fitted } from './wall-topology-parts'

/** Where a lag in seconds stands: logarithmic from 0.1 s at the foot to the maximum at the top. */
const place = (seconds: number, maximum: number, top: number, foot: number) => {
  const share = (Math.log10(Math.max(0.1, seconds)) + 1) / (Math.log10(maximum) + 1)
  return foot - Math.min(1, share) * (foot - top)
}

/** Silence longer than this many steps is a gap. */
const gapSteps = 2.5

/** Lag of the last minutes as lines with gaps; a gap is never joined, and neither is a silence. */
export function lagPath(lag: WallLag, id: string, x: (at: number) => number, y: (seconds: number) => number): string {
  const seconds = lag.seconds[id] ?? []
  let path = ''
  let before: number | null = null
  for (let i = 0; i < lag.at.length; i++) {
    const value = seconds[i]
    const at = lag.at[i]
    if (value === null || value === undefined || at === undefined) {
      before = null
      continue
    }
    const joined = before !== null && at - before <= gapSteps * Math.max(1000, lag.stepMs)
    path += `${joined ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`
    before = at
  }
  return path
}

/** Width of a character of the legend, of the space between two names, and of the number before each. */
const [letter, space, numbered] = [12.5, 26, 32]

/** Names of the legend beside each other, in as many rows as they need: none is cut, and none leaves its row's width. */
export function legendRows(names: string[], width: number): { name: string; x: number; row: number }[] {
  let [x, row] = [0, 0]
  return names.map((name) => {
    const wide = numbered + letter * name.length
    if (x > 0 && x + wide > width) [x, row] = [0, row + 1]
    const placed = { name, x, row }
    x += wide + space
    return placed
  })
}

/** Across a marker with its edge, px. */
const markerSize = 26

/** Where the number of each line stands: at the line's end, or left of the markers that are there already. */
export function markersAt(ends: readonly { x: number; y: number }[]): { x: number; y: number }[] {
  const placed: { x: number; y: number }[] = []
  for (const end of ends) {
    const spot = { ...end }
    while (placed.some(({ x, y }) => Math.abs(x - spot.x) < markerSize && Math.abs(y - spot.y) < markerSize))
      spot.x -= markerSize
    placed.push(spot)
  }
  return placed
}

/** A reader's number in its circle, as at its line and in the list. */
function Marker({ x, y, n, series }: { x: number; y: number; n: number; series: number }) {
  return (
    <>
      <circle cx={x} cy={y} r={12} strokeWidth={2} style={{ fill: 'var(--bg)', stroke: `var(--series-${series})` }} />
      <text
        x={x}
        y={y + 6.5}
        textAnchor="middle"
        style={{ font: '600 18px var(--font-sans)', wordSpacing: 0, fill: `var(--series-${series})` }}
      >
        {n}
      </text>
    </>
  )
}

export function WallChart({
  lag,
  nodes,
  writerId,
  rpo,
}: {
  lag: WallLag | null
  nodes: WallNode[]
  writerId: string | null
  rpo: { targetSeconds: number; maximumSeconds: number }
}) {
  const [left, right] = [92, 728]
  const from = lag?.fromMs ?? 0
  const to = lag?.toMs ?? 1
  const x = (at: number) => left + ((at - from) / Math.max(1, to - from)) * (right - left)
  const colours = seriesOf(nodes)
  const names = shortNames(nodes.map((node) => node.id))
  const readers = readersOf({ nodes, writerId }).slice(0, 3)
  const legend = legendRows(
    // A name that fills a whole row is as long as RDS allows, less what all of them share.
    readers.map((node) => fitted(names[node.id] ?? node.id, 50)),
    right - 16,
  )
  // The list stands above the lines, which it never crosses.
  const [top, foot] = [12 + 28 * ((legend.at(-1)?.row ?? 0) + 1), 132]
  const y = (seconds: number) => place(seconds, rpo.maximumSeconds, top, foot)
  // From when on nothing is known of any reader: the last moment with a figure.
  let known = from
  for (const node of readers) {
    const seconds = lag?.seconds[node.id] ?? []
    for (let i = seconds.length - 1; i >= 0; i--)
      if (seconds[i] !== null && seconds[i] !== undefined) {
        known = Math.max(known, lag?.at[i] ?? from)
        break
      }
  }
  const unknown = lag !== null && to - known > 15_000
  const ends = readers.flatMap(({ id }) => {
    const last = lag?.seconds[id]?.findLastIndex((value) => value !== null && value !== undefined) ?? -1
    const [at, seconds] = [lag?.at[last], lag?.seconds[id]?.[last]]
    return at === undefined || seconds == null ? [] : [{ id, x: x(at) - markerSize / 2, y: y(seconds) }]
  })
  const spots = new Map(markersAt(ends).map((spot, i) => [ends[i]?.id, spot]))
  const ticks = lag ? [0.15, 0.5, 0.85].map((share) => from + share * (to - from)) : []
  return (
    <svg className="wall-chart" viewBox="0 0 740 172" role="img" aria-label="Replication lag in seconds, logarithmic">
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
            y={(top + foot) / 2 + 8}
            textAnchor="end"
            style={{ font: '550 24px var(--font-sans)', wordSpacing: 0, letterSpacing: 0, fill: 'var(--text-1)' }}
          >
            unknown since {formatTimeOfDay(known)}
          </text>
        </>
      )}
      {lag &&
        readers.map((node) => (
          <path
            key={node.id}
            d={lagPath(lag, node.id, x, y)}
            fill="none"
            stroke={`var(--series-${colours[node.id] ?? 1})`}
            strokeWidth={2.5}
            strokeLinejoin="round"
            strokeDasharray={node.role === 'cross-region' ? '6 4' : undefined}
          />
        ))}
      {readers.map((node, i) => {
        const series = colours[node.id] ?? 1
        const listed = { x: 16 + (legend[i]?.x ?? 0), y: 16 + 28 * (legend[i]?.row ?? 0) }
        const spot = spots.get(node.id)
        return (
          <g key={node.id}>
            {spot && <Marker {...spot} n={i + 1} series={series} />}
            <Marker {...listed} n={i + 1} series={series} />
            <text
              x={listed.x + 20}
              y={listed.y + 8}
              style={{ font: '550 24px var(--font-sans)', wordSpacing: 0, fill: `var(--series-${series})` }}
            >
              {legend[i]?.name}
            </text>
          </g>
        )
      })}
      {ticks.map((at) => (
        <text key={at} x={x(at)} y={164} textAnchor="middle" style={{ fill: 'var(--text-2)' }}>
          {formatTimeOfDay(at).slice(0, 5)}
        </text>
      ))}
      {!lag && (
        <text
          x={410}
          y={90}
          textAnchor="middle"
          style={{ font: '500 24px var(--font-sans)', wordSpacing: 0, fill: 'var(--text-2)' }}
        >
          Lag unknown
        </text>
      )}
    </svg>
  )
}
