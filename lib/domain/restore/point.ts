import { readPoint as readMoment } from '../restore-point/moment'
import { durationWords, utcWords } from '../units'
import type { RestoreWindow } from './restorable'

/** To which moment is restored: one, or the newest that the API has. */
export type RestorePoint = { at: number } | { latest: true }

/** Reads `latest` or an RFC 3339 time with an offset; null for anything else, such as a local time without one. */
export function readPoint(text: string): RestorePoint | null {
  if (text === 'latest') return { latest: true }
  const at = readMoment(text)
  return at === null ? null : { at }
}

const bounds = ({ earliestAt, latestAt }: RestoreWindow): string =>
  `Possible: ${earliestAt === null ? 'a start that RDS does not report' : utcWords(earliestAt)} to ${latestAt === null ? 'an end that RDS does not report' : utcWords(latestAt)}.`

/** Whole seconds of a moment in words would put a moment just outside the window on its bound. */
const exact = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', ' UTC')

/** Before the first bad change by at least this, ms: commit times of the same second are not told apart by every clock. */
const beforeDamageMs = 1_000

/**
 * Why this moment cannot be restored to, or would bring the damage back, with both bounds; null when nothing speaks against it.
 * `firstBadAt` is the first moment known to be bad, where somebody knows it.
 */
export function pointProblem(
  point: RestorePoint,
  window: RestoreWindow,
  { firstBadAt, now }: { firstBadAt: number | null; now: number },
): string | null {
  const at = 'at' in point ? point.at : window.latestAt
  if (at === null) return 'RDS reports no latest restorable time, so there is nothing to restore to.'
  if (at > now) return `${exact(at)} is in the future. ${bounds(window)}`
  if (window.latestAt !== null && at > window.latestAt)
    return `${exact(at)} is after the latest restorable time. ${bounds(window)}${oldEnd(window, now)}`
  // The bound itself cannot be restored to: it is the end of the oldest base backup.
  if (window.earliestAt !== null && at <= window.earliestAt)
    return `${exact(at)} is before the earliest restorable time. ${bounds(window)}`
  if (firstBadAt !== null && at > firstBadAt - beforeDamageMs)
    return `${exact(at)} is not before the damage at ${exact(firstBadAt)}. Choose a moment at least 1 s earlier. ${bounds(window)}`
  return null
}

/** A busy database archives its WAL every five minutes; an end that is older than twice that has another reason. */
const oldEndMs = 10 * 60_000

/** Says why the end of the window is old, which an idle database causes; empty while it is not. */
export function oldEnd({ latestAt }: RestoreWindow, now: number): string {
  if (latestAt === null || now - latestAt < oldEndMs) return ''
  return ` The latest restorable time is ${durationWords(now - latestAt)} old. It is the last commit in the archive: an idle database has an old one. If the database is busy, its archiving has stopped.`
}
