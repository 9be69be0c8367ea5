import { offsetWords, wallClockMs } from './zone'

const hourMs = 3_600_000

/** What a local time in a zone can mean. A clock change makes some local times happen twice, and others not at all. */
type LocalReading =
  | { kind: 'unreadable'; says: string }
  | { kind: 'once'; at: number }
  | { kind: 'twice'; says: string; first: number; second: number }
  /** `before` is the last whole second before the change, `after` the first one after it. */
  | { kind: 'never'; says: string; before: number; after: number }

const local = /^(\d{4})-(\d\d)-(\d\d)[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/

/** The offsets that a zone has within 15 h of a time: no zone is further from UTC. */
function offsetsAround(shown: number, zone: string): number[] {
  const offsets = new Set<number>()
  for (let at = shown - 15 * hourMs; at <= shown + 15 * hourMs; at += hourMs) offsets.add(wallClockMs(at, zone) - at)
  return [...offsets]
}

/** All instants, oldest first, at which the clocks of a zone show what clocks of UTC show at `shown` (whole seconds). */
export function instantsShowing(shown: number, zone: string): number[] {
  return offsetsAround(shown, zone)
    .map((offset) => shown - offset)
    .filter((at) => wallClockMs(at, zone) === shown)
    .sort((a, b) => a - b)
}

/** The first whole second at which the clocks of a zone show more than `shown`, which they never show. */
function firstPast(shown: number, zone: string): number {
  const offsets = offsetsAround(shown, zone)
  let [before, after] = [(shown - Math.max(...offsets)) / 1000 - 1, (shown - Math.min(...offsets)) / 1000]
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (wallClockMs(middle * 1000, zone) > shown) after = middle
    else before = middle
  }
  return after * 1000
}

/** Reads a local time that a person typed: "2026-09-08 14:02:10", seconds may be left out. Throws RangeError for an unknown zone. */
export function readLocal(text: string, zone: string): LocalReading {
  const match = local.exec(text.trim())
  const [, year = 0, month = 0, day = 0, hour = 0, minute = 0, second] = match?.map(Number) ?? []
  const shown = Date.UTC(year, month - 1, day, hour, minute, second || 0)
  if (!match || new Date(shown).getUTCMonth() + 1 !== month || new Date(shown).getUTCDate() !== day)
    return { kind: 'unreadable', says: 'Enter a day and a time, such as 2026-09-08 14:02:10.' }
  const [first, last] = instantsShowing(shown, zone)
  const time = wallWords(shown).slice(11)
  if (first === undefined) {
    const after = firstPast(shown, zone)
    const [from, to] = [after - 1000, after].map((at) => localWords(at, zone).slice(11))
    return {
      kind: 'never',
      says: `${time} does not exist on this day: the clocks go from ${from} to ${to}. Choose one of them.`,
      before: after - 1000,
      after,
    }
  }
  if (last === undefined) return { kind: 'once', at: first }
  return { kind: 'twice', says: `${time} happens twice on this day. Choose which one.`, first, second: last }
}

const wallWords = (shown: number): string => new Date(shown).toISOString().slice(0, 19).replace('T', ' ')

/** A moment as the clocks of a zone show it: "2026-09-08 14:02:10". */
export const localWords = (at: number, zone: string): string => wallWords(wallClockMs(at, zone))

/** The same with its offset: "2026-09-08 14:02:10 UTC-7". */
export const localWithOffset = (at: number, zone: string): string => `${localWords(at, zone)} ${offsetWords(at, zone)}`

/** The one instant that a local time means, or what its writer is asked: why, and the instants that it could be. */
export type PickedTime = { at: number; question: null } | { at: null; question: TimeQuestion }
export interface TimeQuestion {
  says: string
  choices: number[]
}

/** A local time that exists twice or not at all is asked, never guessed. Throws RangeError for an unknown zone. */
export function pickLocal(text: string, zone: string): PickedTime {
  const reading = readLocal(text, zone)
  switch (reading.kind) {
    case 'once':
      return { at: reading.at, question: null }
    case 'twice':
      return { at: null, question: { says: reading.says, choices: [reading.first, reading.second] } }
    case 'never':
      return { at: null, question: { says: reading.says, choices: [reading.before, reading.after] } }
    case 'unreadable':
      return { at: null, question: { says: reading.says, choices: [] } }
    default:
      return reading satisfies never
  }
}

/**
 * A time of day without its day, "03:12:50", as the last moment up to `now` at which the clocks of a zone showed it. A time of
 * today that exists twice has one meaning while its second moment is still to come. Throws RangeError for an unknown zone.
 */
export function pickTimeOfDay(time: string, now: number, zone: string): PickedTime {
  const today = localWords(now, zone).slice(0, 10)
  const yesterday = new Date(Date.parse(today) - 24 * hourMs).toISOString().slice(0, 10)
  const [onToday, onYesterday] = [today, yesterday].map((day) => {
    const picked = pickLocal(`${day} ${time}`, zone)
    if (picked.question === null) return picked.at <= now ? picked : null
    const past = picked.question.choices.filter((at) => at <= now)
    const [only] = past
    return past.length === 1 && only !== undefined ? { at: only, question: null } : past.length ? picked : null
  })
  return onToday ?? onYesterday ?? pickLocal(`${yesterday} ${time}`, zone)
}
