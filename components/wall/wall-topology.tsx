import type { WallNode, WallPicture } from '../../lib/domain/wall/picture'
import { presentNode } from '../../lib/web/present/cluster'
import { formatAge, formatClock, formatSeconds, formatSecondsRange, shortNames } from '../../lib/web/present/format'
import { readersOf, writerOf } from './readers'
import { Application, Edge, fitsBeside, fitted, lookOf, Pooler, standing, Word } from './wall-topology-parts'

const rows = 3

const zoneOf = (node: WallNode) =>
  node.role === 'cross-region' ? node.region : node.zone.replace(/^.*-(?=\d[a-z]$)/, '')

/** The cluster in large type: application and pooler, the writer, and up to three readers with what each would lose. */
export function WallTopology({ picture, now, old }: { picture: WallPicture; now: number; old: boolean }) {
  const names = shortNames(picture.nodes.map((node) => node.id))
  const writer = writerOf(picture)
  const readers = readersOf(picture)
  // One that may become the writer is not left out for one that may not.
  const shown = readers.length > rows ? preferred(readers, picture) : readers
  const trouble = picture.diagnosis.kind !== 'healthy'
  const down = writer !== undefined && presentNode(writer).state === 'dead'
  return (
    <svg className="wall-topology" viewBox="0 0 1040 412" role="img" aria-label="Topology">
      <Application workload={picture.workload} old={old} />
      <Pooler pool={picture.pool} old={old} />
      <path d="M124 192V212M117 205L124 213L131 205" fill="none" stroke="var(--text-3)" strokeWidth="3" />
      <Edge d="M246 315H330" x={288} y={315} broken={down} colour={down ? 'var(--state-problem)' : 'var(--text-3)'} />
      <text x="332" y="34" className="region">
        {fitted(writer?.region ?? picture.region, 24)}
      </text>
      <text x="332" y="68">
        {fitted(picture.cluster, 25)}
      </text>
      <Writer
        writer={writer}
        name={writer ? (names[writer.id] ?? writer.id) : 'no writer'}
        picture={picture}
        now={now}
        old={old}
      />
      {shown.map((node, i) => (
        <Reader
          key={node.id}
          node={node}
          // Its region is written below it.
          name={(names[node.id] ?? node.id).replace(` (${node.region})`, '')}
          place={i}
          picture={picture}
          trouble={trouble}
          streams={node.stream.alive === true && !down}
          old={old}
        />
      ))}
      {readers.length === 0 && (
        <>
          <rect
            x="664"
            y="144"
            width="372"
            height="124"
            rx="12"
            fill="none"
            stroke="var(--border-2)"
            strokeWidth="2"
            strokeDasharray="10 8"
          />
          <text x="850" y="214" textAnchor="middle">
            no readers observed
          </text>
        </>
      )}
      {readers.length > rows && (
        <text x="616" y="34" textAnchor="end">
          {readers.length} readers
        </text>
      )}
    </svg>
  )
}

function preferred(readers: WallNode[], { candidates }: WallPicture): WallNode[] {
  const best = candidates.find((candidate) => candidate.best)?.nodeId
  const first = readers.filter((node) => node.id === best)
  return [...first, ...readers.filter((node) => node.id !== best)].slice(0, rows)
}

function Writer({
  writer,
  name,
  picture,
  now,
  old,
}: {
  writer: WallNode | undefined
  name: string
  picture: WallPicture
  now: number
  old: boolean
}) {
  const look = writer ? presentNode(writer) : { state: 'unknown' as const, word: 'UNKNOWN', dashed: true }
  const down = look.state === 'dead' && !old
  const beat = picture.lastHeartbeatAt
  const beatMs = beat === null ? null : Math.max(0, (now || picture.takenAt) - beat)
  const connections = writer && !down && !writer.connections.failing ? writer.connections.value : null
  return (
    <>
      <rect
        x="332"
        y="94"
        width="250"
        height="316"
        rx="12"
        fill={down ? '#000' : 'var(--surface-2)'}
        stroke={down ? 'var(--state-dead-edge)' : 'var(--border-2)'}
        strokeWidth={down ? 4 : 2}
        strokeDasharray={look.dashed || old ? '10 8' : undefined}
      />
      <text className="nm" x="354" y="140" style={name.length > 10 ? { fontSize: 24 } : undefined}>
        {fitted(name, 12)}
      </text>
      <text x="562" y="140" textAnchor="end">
        {writer ? zoneOf(writer) : ''}
      </text>
      <Word x={354} y={190} look={lookOf(look, old)} />
      <text x="354" y="236">
        writer
      </text>
      <text x="354" y="286">
        last heartbeat
      </text>
      <text className="v" x="354" y="326" style={{ fontSize: 34 }}>
        {beatMs === null ? 'unknown' : `${beatMs < 99_500 ? formatAge(beatMs) : formatClock(beatMs)} ago`}
      </text>
      {connections && (
        <text x="354" y="380">
          <tspan className="v">
            {connections.used}/{connections.limit}
          </tspan>{' '}
          connections
        </text>
      )}
    </>
  )
}

/** Tops of the readers' boxes, their lines from the writer, and where those break. */
const places = [
  { y: 2, line: 'M584 150H628V64H662', cross: 106 },
  { y: 144, line: 'M584 206H662', cross: 206 },
  { y: 286, line: 'M584 260H628V348H662', cross: 304 },
] as const

function Reader({
  node,
  name,
  place,
  picture,
  trouble,
  streams,
  old,
}: {
  node: WallNode
  name: string
  place: number
  picture: WallPicture
  trouble: boolean
  streams: boolean
  old: boolean
}) {
  const { y, line, cross } = places[place] ?? places[0]
  const candidate = picture.candidates.find((c) => c.nodeId === node.id)
  const best = trouble && candidate?.best === true && !candidate.blocked
  const loss = trouble && candidate ? candidate.lossSeconds : null
  const figure = loss
    ? formatSecondsRange(loss.atLeast, loss.atMost)
    : (trouble && candidate) || node.lagSeconds === null
      ? 'unknown'
      : formatSeconds(node.lagSeconds)
  const look = lookOf(standing(node, candidate, trouble), old)
  const beside = fitsBeside(look.word, figure)
  return (
    <g>
      <Edge d={line} x={628} y={cross} broken={!streams} colour={streams ? 'var(--text-3)' : 'var(--state-problem)'} />
      <rect
        x="664"
        y={y}
        width="372"
        height="124"
        rx="12"
        fill="var(--surface-2)"
        stroke={best ? 'var(--accent)' : 'var(--border-2)'}
        strokeWidth={best ? 3 : 1.5}
      />
      <text className="nm" x="684" y={y + 42} style={{ fontSize: name.length > 13 ? 24 : 27 }}>
        {fitted(name, 16)}
      </text>
      <text x="1016" y={y + 42} textAnchor="end">
        {zoneOf(node)}
      </text>
      <Word x={684} y={y + (beside ? 95 : 78)} look={look} />
      <text className="v" x="1016" y={y + (beside ? 95 : 114)} textAnchor="end">
        {figure}
      </text>
    </g>
  )
}
