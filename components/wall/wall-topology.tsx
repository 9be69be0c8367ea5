import {
  Check,
  CircleCheck,
  CircleQuestionMark,
  type LucideIcon,
  OctagonX,
  SkipForward,
  TriangleAlert,
  X,
} from 'lucide-react'
import type { CandidateView, NodeView, Snapshot } from '../../lib/domain/cluster/types'
import { presentNode } from '../../lib/web/present/cluster'
import { formatAge, formatSeconds, formatSecondsRange, shortNames } from '../../lib/web/present/format'
import type { State } from '../../lib/web/present/state'

const icons: Record<State, LucideIcon> = {
  ok: CircleCheck,
  lagging: TriangleAlert,
  problem: OctagonX,
  dead: X,
  working: Check,
  waiting: CircleQuestionMark,
  unknown: CircleQuestionMark,
  skipped: SkipForward,
}
const colour = (state: State) => (state === 'dead' ? 'var(--state-problem)' : `var(--state-${state})`)

function Word({ x, y, state, word }: { x: number; y: number; state: State; word: string }) {
  const Icon = icons[state]
  return (
    <>
      <Icon x={x} y={y - 23} width={28} height={28} color={colour(state)} strokeWidth={2} aria-hidden />
      <text className="w" x={x + 38} y={y} style={{ fill: state === 'dead' ? '#fff' : colour(state) }}>
        {word}
      </text>
    </>
  )
}

function standing(
  node: NodeView,
  candidate: CandidateView | undefined,
  trouble: boolean,
): { state: State; word: string } {
  const own = presentNode(node)
  if (own.state !== 'ok' && own.state !== 'lagging') return own
  if (!trouble || !candidate) return own
  if (candidate.best) return { state: 'ok', word: 'BEST' }
  switch (candidate.allowed) {
    case 'allowed':
      return { state: 'ok', word: 'READY' }
    case 'late':
      return { state: 'lagging', word: 'LATE' }
    case 'p3-only':
      return { state: 'skipped', word: 'P3 ONLY' }
    case 'no':
      return { state: 'problem', word: 'NOT ALLOWED' }
  }
}

/** The cluster in large type: application and pooler, the writer, and up to three readers with what each would lose. */
export function WallTopology({ snapshot, now }: { snapshot: Snapshot; now: number }) {
  const names = shortNames(snapshot.nodes.map((node) => node.id))
  const writer =
    snapshot.nodes.find((n) => n.id === snapshot.writerId) ?? snapshot.nodes.find((n) => n.role === 'writer')
  const readers = snapshot.nodes
    .filter((node) => node !== writer)
    .sort((a, b) => Number(a.role === 'cross-region') - Number(b.role === 'cross-region') || a.id.localeCompare(b.id))
    .slice(0, 3)
  const trouble = snapshot.diagnosis.kind !== 'healthy'
  const pods = snapshot.workload.value
  const pool = snapshot.pool.value
  const writerLook = writer ? presentNode(writer) : { state: 'unknown' as const, word: 'UNKNOWN', dashed: true }
  const down = writerLook.state === 'dead'
  const edge = down ? 'var(--state-problem)' : 'var(--text-3)'
  const zone = (node: NodeView) =>
    node.role === 'cross-region' ? node.region : node.zone.replace(/^.*-(?=\d[a-z]$)/, '')
  const poolState: State =
    !pool || snapshot.pool.error
      ? 'unknown'
      : pool.paused
        ? 'waiting'
        : pool.clientsWaiting > 0 && pool.serversActive + pool.serversIdle === 0
          ? 'problem'
          : 'ok'
  const podState: State = !pods
    ? 'unknown'
    : pods.ready === pods.replicas
      ? 'ok'
      : pods.ready === 0
        ? 'problem'
        : 'lagging'
  const rowY = [2, 144, 286]
  const beat = snapshot.lastHeartbeatAt
  return (
    <svg className="wall-topology" viewBox="0 0 1040 412" width="1040" height="412" role="img" aria-label="Topology">
      <rect
        x="2"
        y="2"
        width="244"
        height="190"
        rx="12"
        fill="var(--surface-2)"
        stroke="var(--border-2)"
        strokeWidth="1.5"
      />
      <text className="nm" x="22" y="44" style={{ fontSize: 25 }}>
        {(pods?.deployment ?? 'application').slice(0, 15)}
      </text>
      <Word
        x={22}
        y={87}
        state={podState}
        word={podState === 'ok' ? 'OK' : podState === 'unknown' ? 'UNKNOWN' : 'PROBLEM'}
      />
      {pods?.pods.slice(0, 6).map((pod, i) => (
        <rect
          key={pod.name}
          x={22 + i * 34}
          y="112"
          width="28"
          height="22"
          rx="5"
          fill={pod.ready ? 'var(--state-ok-fill)' : 'var(--state-problem-tint)'}
          stroke={pod.ready ? 'var(--state-ok-fill)' : 'var(--state-problem)'}
          strokeWidth="1.5"
        />
      ))}
      <text x="22" y="172">
        {pods ? (
          <>
            <tspan className="v">
              {pods.ready} of {pods.replicas}
            </tspan>{' '}
            pods ready
          </>
        ) : (
          'pods not known'
        )}
      </text>
      <rect
        x="2"
        y="220"
        width="244"
        height="190"
        rx="12"
        fill="var(--surface-2)"
        stroke="var(--border-2)"
        strokeWidth="1.5"
      />
      <text className="nm" x="22" y="262" style={{ fontSize: 25 }}>
        PgBouncer
      </text>
      <Word
        x={22}
        y={305}
        state={pool && !pool.present ? 'skipped' : poolState}
        word={
          pool && !pool.present
            ? 'NOT USED'
            : poolState === 'ok'
              ? 'OK'
              : poolState === 'waiting'
                ? 'PAUSED'
                : poolState === 'problem'
                  ? 'PROBLEM'
                  : 'UNKNOWN'
        }
      />
      {pool?.present && (
        <>
          <text x="22" y="350">
            waiting
          </text>
          <text className="v" x="226" y="350" textAnchor="end">
            {pool.clientsWaiting}
          </text>
          <text x="22" y="388">
            servers
          </text>
          <text className="v" x="226" y="388" textAnchor="end">
            {pool.serversActive + pool.serversIdle}/{pool.serversLimit}
          </text>
        </>
      )}
      <path d="M124 192V212M117 205L124 213L131 205" fill="none" stroke="var(--text-3)" strokeWidth="3" />
      <Edge d="M246 315H330" x={288} y={315} broken={down} colour={edge} />
      <rect
        x="332"
        y="94"
        width="250"
        height="316"
        rx="12"
        fill={down ? '#000' : 'var(--surface-2)'}
        stroke={down ? 'var(--state-dead-edge)' : 'var(--border-2)'}
        strokeWidth={down ? 4 : 2}
        strokeDasharray={writerLook.dashed ? '10 8' : undefined}
      />
      <text className="nm" x="354" y="140">
        {(writer ? (names[writer.id] ?? writer.id) : 'no writer').slice(0, 11)}
      </text>
      <text x="562" y="140" textAnchor="end">
        {writer ? zone(writer) : ''}
      </text>
      <Word x={354} y={190} state={writerLook.state} word={writerLook.word} />
      <text x="354" y="236">
        writer
      </text>
      <text x="354" y="286">
        last heartbeat
      </text>
      <text className="v" x="354" y="326" style={{ fontSize: 34 }}>
        {beat === null ? 'unknown' : `${formatAge((now || snapshot.takenAt) - beat)} ago`}
      </text>
      <text x="354" y="380">
        {writer?.connections.value && !down && !writer.connections.error
          ? `${writer.connections.value.used}/${writer.connections.value.limit} connections`
          : ''}
      </text>
      <text x="332" y="34" style={{ fill: 'var(--text-1)', fontWeight: 600 }}>
        {snapshot.environment.region}
      </text>
      <text x="332" y="68">
        {snapshot.environment.cluster}
      </text>
      {readers.map((node, i) => {
        const y = rowY[i] ?? 0
        const candidate = snapshot.candidates.find((c) => c.nodeId === node.id)
        const look = standing(node, candidate, trouble)
        const lag = node.lag.value
        const value =
          trouble && candidate
            ? candidate.loss.known
              ? formatSecondsRange(candidate.loss.atLeast.seconds, candidate.loss.atMost.seconds)
              : 'unknown'
            : lag?.known
              ? formatSeconds(lag.seconds)
              : 'unknown'
        const lines = ['M584 150H628V64H662', 'M584 206H662', 'M584 260H628V348H662']
        const streams = node.stream.alive === true && !down
        return (
          <g key={node.id}>
            <Edge
              d={lines[i] ?? ''}
              x={628}
              y={[106, 206, 304][i] ?? 0}
              broken={!streams}
              colour={streams ? 'var(--text-3)' : 'var(--state-problem)'}
            />
            <rect
              x="664"
              y={y}
              width="372"
              height="124"
              rx="12"
              fill="var(--surface-2)"
              stroke={trouble && candidate?.best ? 'var(--accent)' : 'var(--border-2)'}
              strokeWidth={trouble && candidate?.best ? 3 : 1.5}
            />
            <text
              className="nm"
              x="684"
              y={y + 42}
              style={{ fontSize: (names[node.id] ?? node.id).length > 13 ? 22 : 27 }}
            >
              {names[node.id] ?? node.id}
            </text>
            <text x="1016" y={y + 42} textAnchor="end">
              {zone(node)}
            </text>
            <Word x={684} y={y + 95} state={look.state} word={look.word} />
            <text className="v" x="1016" y={y + 95} textAnchor="end">
              {value}
            </text>
          </g>
        )
      })}
    </svg>
  )
}

function Edge({
  d,
  x,
  y,
  broken,
  colour: stroke,
}: {
  d: string
  x: number
  y: number
  broken: boolean
  colour: string
}) {
  return (
    <>
      <path
        d={d}
        fill="none"
        stroke={stroke}
        strokeWidth="3"
        strokeDasharray={broken ? '3 9' : undefined}
        strokeLinecap="round"
      />
      {broken && (
        <>
          <rect x={x - 17} y={y - 17} width="34" height="34" fill="var(--bg)" />
          <X x={x - 15} y={y - 15} width={30} height={30} color="var(--state-problem)" strokeWidth={2} aria-hidden />
        </>
      )}
    </>
  )
}
