import { readPoint as readMoment } from '../restore-point/moment'
import { latestExplained, pointProblem as problemAt } from '../restore-point/window'
import { days } from '../units'
import type { RestoreWindow } from './restorable'

/** To which moment is restored: one, or the newest that the API has. */
type RestorePoint = { at: number } | { latest: true }

/** Reads `latest` or an RFC 3339 time with an offset; null for anything else, such as a local time without one. */
export function readPoint(text: string): RestorePoint | null {
  if (text === 'latest') return { latest: true }
  const at = readMoment(text)
  return at === null ? null : { at }
}

/** RDS keeps automated backups for 35 days at most: nothing older can be restored where it does not say the earliest time. */
const longestRetention = days(35)

/**
 * Why this moment cannot be restored to, or would bring the damage back, with both bounds; null when nothing speaks against it. It
 * is the rule of the form (`restore-point/window.ts`), asked with what RDS says at this moment. `firstBadAt` is the first moment
 * known to be bad, where somebody knows it. Where nobody has seen a window (both ends null), only the rest is asked.
 */
export function pointProblem(
  point: RestorePoint,
  { earliestAt, latestAt }: RestoreWindow,
  { firstBadAt, now }: { firstBadAt: number | null; now: number },
): string | null {
  const at = 'at' in point ? point.at : latestAt
  if (at === null) return 'RDS reports no latest restorable time, so there is nothing to restore to.'
  if (latestAt === null && earliestAt !== null)
    return 'RDS reports no latest restorable time. Try again in a few minutes.'
  const end = latestAt ?? now
  const window = {
    known: true,
    earliestAt: earliestAt ?? end - longestRetention,
    earliestSaid: earliestAt !== null,
    latestAt: end,
    retentionDays: 0,
    observedAt: null,
  } as const
  const problem = problemAt(at, { window, damage: { lastGoodAt: null, firstBadAt }, now })
  return problem && `${problem}${at > end ? oldEnd({ earliestAt, latestAt }, now) : ''}`
}

/** Says why the end of the window is old, which an idle database causes; empty while it is not. */
export function oldEnd({ earliestAt, latestAt }: RestoreWindow, now: number): string {
  if (latestAt === null) return ''
  const window = { known: true, earliestSaid: true, retentionDays: 0, observedAt: null, latestAt } as const
  const why = latestExplained({ ...window, earliestAt: earliestAt ?? latestAt }, null, now)
  return why === null ? '' : ` ${why}`
}
