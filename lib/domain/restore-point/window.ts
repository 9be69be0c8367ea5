import type { BackupView, Reading } from '../cluster/types'
import { days, durationWords, utcWords } from '../units'

const secondMs = 1000
/** RDS usually keeps the latest restorable time within five minutes; twice that is worth a word. */
const lateMs = 10 * 60_000

/**
 * What RDS can restore to. Times are RDS's own, ms. Of an instance without a cluster RDS does not say the earliest time with the
 * rest: then it is the oldest that the retention allows, and `earliestSaid` is false.
 */
export type RestoreWindow =
  | {
      known: true
      earliestAt: number
      earliestSaid: boolean
      latestAt: number
      retentionDays: number
      observedAt: number | null
    }
  | { known: false; why: string }

/** When the damage was, as far as samples of the data tell; null is unknown. */
export interface DamageBounds {
  lastGoodAt: number | null
  firstBadAt: number | null
}
export const noDamage: DamageBounds = { lastGoodAt: null, firstBadAt: null }

/** Before all damage that was found: unknown until when the data was good where one finding cannot tell. */
export const boundsOfAll = (findings: readonly DamageBounds[]): DamageBounds => ({
  lastGoodAt: leastOf(findings.map(({ lastGoodAt }) => lastGoodAt ?? Number.NEGATIVE_INFINITY)),
  firstBadAt: leastOf(findings.map(({ firstBadAt }) => firstBadAt ?? Number.POSITIVE_INFINITY)),
})
const leastOf = (times: number[]): number | null => {
  const least = Math.min(...times)
  return Number.isFinite(least) ? least : null
}

/** The restore window as the collector last saw it. */
export function windowOf(backups: Reading<BackupView> | null): RestoreWindow {
  const value = backups?.value
  if (!value)
    return { known: false, why: backups?.error ?? 'The collector has not read the backups of the database yet.' }
  if (value.retentionDays === 0) return { known: false, why: 'Automated backups are turned off.' }
  const { retentionDays, earliestRestorableAt: earliest, latestRestorableAt: latestAt } = value
  if (latestAt === null) return { known: false, why: 'RDS returned no latest restorable time.' }
  return {
    known: true,
    earliestAt: earliest ?? latestAt - days(retentionDays),
    earliestSaid: earliest !== null,
    latestAt,
    retentionDays,
    observedAt: backups.observedAt,
  }
}

/** A moment in words, with its fraction of a second where it has one: without it two that differ would read the same. */
const exact = (at: number): string =>
  at % secondMs === 0 ? utcWords(at) : `${new Date(at).toISOString().slice(0, 23).replace('T', ' ')} UTC`

/** First and last whole second that can be chosen: the earliest restorable time itself is not part of the window. */
export const choosable = ({ earliestAt, latestAt }: RestoreWindow & { known: true }) => ({
  first: (Math.floor(earliestAt / secondMs) + 1) * secondMs,
  last: Math.floor(latestAt / secondMs) * secondMs,
})

/** The whole second that is at least one second before an event. */
export const secondBefore = (at: number): number => Math.floor(at / secondMs) * secondMs - secondMs

export interface PointLimits {
  window: RestoreWindow
  damage: DamageBounds
  now: number
}

/** Why this point cannot be restored to, with both bounds; null when it can. */
export function pointProblem(at: number, { window, damage, now }: PointLimits): string | null {
  if (!window.known) return `The restore window is unknown: ${window.why} No restore point can be checked against it.`
  const { first, last } = choosable(window)
  const damaged = damage.firstBadAt
  const until = damaged === null ? last : Math.min(last, secondBefore(damaged))
  const bounds =
    until < first
      ? `The window is ${utcWords(first)} to ${utcWords(last)}.`
      : `Choose a time from ${utcWords(first)} to ${utcWords(until)}.`
  if (at > now) return `${exact(at)} is in the future. ${bounds}`
  if (at < first) return `${exact(at)} is before the restore window. ${bounds}`
  if (damaged !== null && at > secondBefore(damaged))
    return `${exact(at)} is not before the damage, which was first seen at ${exact(damaged)}. ${bounds}`
  // The latest restorable time has its own fraction of a second.
  if (at > window.latestAt) return `${exact(at)} is after the latest restorable time. ${bounds}`
  return null
}

/** What to think of before using a point that can be restored to; null when nothing. */
export function pointCaution(at: number, { lastGoodAt, firstBadAt }: DamageBounds): string | null {
  if (lastGoodAt === null || at <= lastGoodAt) return null
  return firstBadAt === null
    ? `The data was last known to be good at ${exact(lastGoodAt)}. The copy may contain the damage.`
    : `The damage happened between ${exact(lastGoodAt)} and ${exact(firstBadAt)}. The copy may contain it.`
}

/** The point to begin with: the last known good, else the second before the damage, else the newest; null when none can be. */
export function suggestedPoint(limits: PointLimits): number | null {
  if (!limits.window.known) return null
  const { lastGoodAt, firstBadAt } = limits.damage
  const { last } = choosable(limits.window)
  const wishes = [
    ...(lastGoodAt === null ? [] : [Math.floor(lastGoodAt / secondMs) * secondMs]),
    ...(firstBadAt === null ? [] : [secondBefore(firstBadAt)]),
  ].map((at) => Math.min(at, last))
  return [...wishes, last].find((at) => pointProblem(at, limits) === null) ?? null
}

/**
 * Why the latest restorable time is old; null while it is not. RDS archives WAL only when there is some: an idle database
 * keeps an old time and misses nothing. A heartbeat that was written since tells the two apart.
 */
export function latestExplained(window: RestoreWindow, lastHeartbeatAt: number | null, now: number): string | null {
  if (!window.known || now - window.latestAt <= lateMs) return null
  const age = durationWords(now - window.latestAt)
  if (lastHeartbeatAt !== null && lastHeartbeatAt - window.latestAt > lateMs)
    return `The latest restorable time is ${age} old, and the database accepted writes until ${utcWords(lastHeartbeatAt)}. WAL archiving is late: check the events of RDS. These writes cannot be restored yet.`
  return `The latest restorable time is ${age} old. It does not advance while nothing is written, so on an idle database no write is missing.`
}

/** How much of the writes a cutover at this point leaves out, ms: all from the point to the last write, or to now. */
export const estimatedLossMs = (at: number, lastWriteAt: number | null, now: number): number =>
  Math.max(0, (lastWriteAt ?? now) - at)
