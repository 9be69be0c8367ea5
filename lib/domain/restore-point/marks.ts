import type { PointDamage } from './about'
import type { DamageBounds, RestoreWindow } from './window'

const minuteMs = 60_000

const pointMarkKinds = [
  'last-good',
  'first-bad',
  'damage',
  'deployment',
  'database-event',
  'heartbeat-gap',
  'not-measured',
  'incident',
  'run',
] as const
export type PointMarkKind = (typeof pointMarkKinds)[number]

/** Something that happened inside the restore window, by which people find the point. */
export interface PointMark {
  kind: PointMarkKind
  at: number
  /** Its end; null for what has none, or has not ended. */
  until: number | null
  text: string
}

/** What the restore point finder shows. */
export interface RestorePointView {
  /** When this was read, ms. */
  at: number
  /** A zone for local times until the browser says its own. */
  zone: string
  window: RestoreWindow
  damage: DamageBounds
  /** The findings behind that, which the incident is about. */
  about: PointDamage[]
  /** What else was found, and is not what the incident is about. */
  others: PointDamage[]
  /** The newest write that our own heartbeat proved. */
  lastHeartbeatAt: number | null
  /** Oldest first. */
  marks: PointMark[]
  /** Older marks that are not among them. */
  leftOut: number
  /** What is not observed, and why: its absence from the axis means nothing. */
  notObserved: string[]
}

/** A minute in which heartbeats failed, or after which none was sent for longer than a minute. */
export interface HeartbeatMinute {
  minute: number
  failed: number
  /** The next minute in which heartbeats were sent; null when there is none. */
  next: number | null
}

/** Spans without heartbeats: failed ones, and those in which nobody sent any. Minutes come oldest first. */
export function heartbeatGaps(minutes: readonly HeartbeatMinute[]): PointMark[] {
  const gaps: PointMark[] = []
  for (const { minute, failed, next } of minutes) {
    const end = minute + minuteMs
    const last = gaps.at(-1)
    if (failed > 0) {
      if (last?.kind === 'heartbeat-gap' && last.until === minute) last.until = end
      else
        gaps.push({ kind: 'heartbeat-gap', at: minute, until: end, text: 'Heartbeats failed (counted by the minute)' })
    }
    if (next !== null && next > end)
      gaps.push({ kind: 'not-measured', at: end, until: next, text: 'No heartbeats were sent' })
  }
  return gaps
}

/** The samples that bound the damage, as marks. */
export function damageMarks({ lastGoodAt, firstBadAt }: DamageBounds): PointMark[] {
  const mark = (kind: PointMarkKind, at: number | null, text: string): PointMark[] =>
    at === null ? [] : [{ kind, at, until: null, text }]
  return [...mark('last-good', lastGoodAt, 'Last known good'), ...mark('first-bad', firstBadAt, 'First known bad')]
}

const mostMarks = 300

/** Marks that touch the window, oldest first; the bounds of the damage and the newest of the others. */
export function marksWithin(
  marks: readonly PointMark[],
  window: RestoreWindow,
  now: number,
): Pick<RestorePointView, 'marks' | 'leftOut'> {
  if (!window.known) return { marks: [], leftOut: 0 }
  const touching = marks
    .filter(({ at, until }) => (until ?? at) >= window.earliestAt && at <= now)
    // The present minute has not ended yet.
    .map((mark) => ({ ...mark, until: mark.until === null ? null : Math.min(mark.until, now) }))
    .sort((a, b) => a.at - b.at)
  const bounds = ({ kind }: PointMark) => kind === 'last-good' || kind === 'first-bad'
  const others = touching.filter((mark) => !bounds(mark))
  const leftOut = Math.max(0, others.length - mostMarks)
  const shown = new Set(others.slice(leftOut))
  return { marks: touching.filter((mark) => bounds(mark) || shown.has(mark)), leftOut }
}
