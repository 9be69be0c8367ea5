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
import type { WallCandidate, WallNode, WallPicture } from '../../lib/domain/wall/picture'
import { presentNode } from '../../lib/web/present/cluster'
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

interface Look {
  state: State
  word: string
}
const stale: Look = { state: 'unknown', word: 'STALE' }
/** What was seen long ago is not good now. */
export const lookOf = (look: Look, old: boolean): Look => (old ? stale : look)

/** Widths of a character of a state's word and of a figure, and of what a reader's box has for both with a gap between them. */
const [wordWidth, figureWidth, besideWidth] = [19, 17, 294]

/** Does the figure of a reader have room beside the word of its state? Else it stands below, so that neither covers the other. */
export const fitsBeside = (word: string, figure: string): boolean =>
  word.length * wordWidth + figure.length * figureWidth <= besideWidth

/** A name that may be longer than its place: what tells it from its siblings stands at its end. */
export const fitted = (name: string, most: number) => (name.length > most ? `…${name.slice(1 - most)}` : name)

export function Word({ x, y, look: { state, word } }: { x: number; y: number; look: Look }) {
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

/** How a reader stands: in trouble, whether it may become the writer. */
export function standing(node: WallNode, candidate: WallCandidate | undefined, trouble: boolean): Look {
  const own = presentNode(node)
  if (node.role === 'writer') return { state: 'problem', word: 'SECOND WRITER' }
  if (own.state !== 'ok' && own.state !== 'lagging') return own
  if (!trouble || !candidate) return own
  if (candidate.blocked && candidate.allowed !== 'no') return { state: 'problem', word: 'BLOCKED' }
  if (candidate.best) return { state: 'ok', word: 'BEST' }
  switch (candidate.allowed) {
    case 'allowed':
      return { state: 'ok', word: 'READY' }
    case 'late':
      return { state: 'lagging', word: 'LATE' }
    case 'other-region':
      return { state: 'skipped', word: 'ELSEWHERE' }
    case 'no':
      return { state: 'problem', word: 'NOT ALLOWED' }
  }
}

export function Edge({
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

/** The application in the first column, above. */
export function Application({ workload, old }: { workload: WallPicture['workload']; old: boolean }) {
  const pods = workload.failing ? null : workload.value
  const look: Look = !pods
    ? { state: 'unknown', word: 'UNKNOWN' }
    : pods.ready === pods.replicas
      ? { state: 'ok', word: 'OK' }
      : { state: pods.ready === 0 ? 'problem' : 'lagging', word: 'PROBLEM' }
  return (
    <>
      <rect x="2" y="2" width="244" height="190" rx="12" className="box" />
      <text className="nm" x="22" y="44" style={{ fontSize: 25 }}>
        {fitted(workload.value?.deployment ?? 'application', 14)}
      </text>
      <Word x={22} y={87} look={lookOf(look, old)} />
      {pods?.pods.slice(0, 6).map((ready, i) => (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: pods are drawn by their place
          key={i}
          x={22 + i * 34}
          y="112"
          width="28"
          height="22"
          rx="5"
          fill={old ? 'none' : ready ? 'var(--state-ok-fill)' : 'var(--state-problem-tint)'}
          stroke={old ? 'var(--text-3)' : ready ? 'var(--state-ok-fill)' : 'var(--state-problem)'}
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
          'pods unknown'
        )}
      </text>
    </>
  )
}

/** The pooler in the first column, below. */
export function Pooler({ pool: { value, failing }, old }: { pool: WallPicture['pool']; old: boolean }) {
  const pool = failing ? null : value
  const look: Look = !pool
    ? { state: 'unknown', word: 'UNKNOWN' }
    : !pool.present
      ? { state: 'skipped', word: 'NOT USED' }
      : pool.paused
        ? { state: 'waiting', word: 'PAUSED' }
        : pool.clientsWaiting > 0 && pool.servers === 0
          ? { state: 'problem', word: 'PROBLEM' }
          : { state: 'ok', word: 'OK' }
  return (
    <>
      <rect x="2" y="220" width="244" height="190" rx="12" className="box" />
      <text className="nm" x="22" y="262" style={{ fontSize: 25 }}>
        PgBouncer
      </text>
      <Word x={22} y={305} look={lookOf(look, old)} />
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
            {pool.servers}/{pool.serversLimit}
          </text>
        </>
      )}
    </>
  )
}
