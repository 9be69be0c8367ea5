/*
 * A local time is typed at 03:00 by somebody whose clocks were changed that night. What it can mean is compared with every
 * second that really was: each instant around each clock change is read off the zone's own clock, one after another.
 */
import { expect, test } from 'vitest'
import { instantsShowing, localWithOffset, readLocal } from './local-time'

const hour = 3_600_000
const la = 'America/Los_Angeles'
const clockOf = (zone: string) =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
const shownBy = (clock: Intl.DateTimeFormat, at: number) => Date.parse(`${clock.format(at).replace(' ', 'T')}Z`)

/** When the clocks of a zone are changed, to the minute. */
function changesOf(clock: Intl.DateTimeFormat, from: number, to: number): number[] {
  const offset = (at: number) => shownBy(clock, at) - at
  const found: number[] = []
  for (let at = from; at < to; at += 7 * 24 * hour) {
    let [low, high] = [at, Math.min(to, at + 7 * 24 * hour)]
    if (offset(low) === offset(high)) continue
    while (high - low > 60_000) {
      const middle = low + Math.floor((high - low) / 120_000) * 60_000
      if (offset(middle) === offset(low)) low = middle
      else high = middle
    }
    found.push(high)
  }
  return found
}

/** Every quarter of an hour shown within three hours of a change, with the instants at which it is shown. */
function shownAround(clock: Intl.DateTimeFormat, change: number): Map<number, number[]> {
  const instants = new Map<number, number[]>()
  const step = 15 * 60_000
  const begin = Math.floor((change - 4 * hour) / step) * step
  for (let at = begin; at <= change + 4 * hour; at += step) {
    const shown = shownBy(clock, at)
    instants.set(shown, [...(instants.get(shown) ?? []), at])
  }
  const ends = [begin + hour, change + 3 * hour].map((at) => shownBy(clock, at))
  for (let shown = Math.min(...ends); shown <= Math.max(...ends); shown += step)
    if (!instants.has(shown)) instants.set(shown, [])
  return instants
}

test('around every clock change of every zone, a local time means exactly the instants at which it is shown', () => {
  const seen = { once: 0, twice: 0, never: 0 }
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    const clock = clockOf(zone)
    for (const change of changesOf(clock, Date.UTC(2025, 0, 1), Date.UTC(2027, 0, 1))) {
      const around = shownAround(clock, change)
      const inner = [...around].filter(([shown]) => {
        const times = [change - 2 * hour, change + 2 * hour].map((at) => shownBy(clock, at))
        return shown >= Math.min(...times) && shown <= Math.max(...times)
      })
      for (const [shown, instants] of inner) {
        expect([zone, shown, instantsShowing(shown, zone)]).toEqual([zone, shown, instants])
        seen[instants.length === 0 ? 'never' : instants.length === 1 ? 'once' : 'twice'] += 1
      }
    }
  }
  // The clocks of many zones are changed in these years: the loop above has looked at all three kinds.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(500)
})

test('a time that the clocks skip is asked for, with the seconds on both sides of the change', () => {
  expect(readLocal('2026-03-08 02:30', la)).toEqual({
    kind: 'never',
    says: '02:30:00 does not exist on this day: the clocks go from 01:59:59 to 03:00:00. Choose one of them.',
    before: Date.parse('2026-03-08T09:59:59Z'),
    after: Date.parse('2026-03-08T10:00:00Z'),
  })
  // Samoa skipped a whole day.
  expect(readLocal('2011-12-30 12:00:00', 'Pacific/Apia')).toMatchObject({
    kind: 'never',
    before: Date.parse('2011-12-30T09:59:59Z'),
    after: Date.parse('2011-12-30T10:00:00Z'),
  })
})

test('a time that happens twice is asked for, oldest first', () => {
  const found = readLocal('2026-11-01T01:30:15', la)
  expect(found).toEqual({
    kind: 'twice',
    says: '01:30:15 happens twice on this day. Choose which one.',
    first: Date.parse('2026-11-01T08:30:15Z'),
    second: Date.parse('2026-11-01T09:30:15Z'),
  })
  // Half an hour is enough on Lord Howe Island.
  expect(readLocal('2026-04-05 01:45', 'Australia/Lord_Howe').kind).toBe('twice')
  expect(
    [Date.parse('2026-11-01T08:30:15Z'), Date.parse('2026-11-01T09:30:15Z')].map((at) => localWithOffset(at, la)),
  ).toEqual(['2026-11-01 01:30:15 UTC-7', '2026-11-01 01:30:15 UTC-8'])
})

test('any other time has one instant, and what is no time has none', () => {
  expect(readLocal(' 2026-09-08 14:02:10 ', la)).toEqual({ kind: 'once', at: Date.parse('2026-09-08T21:02:10Z') })
  for (const text of ['', '14:02', '2026-02-30 10:00', '2026-13-01 10:00', '2026-09-08 24:00', '2026-09-08T14:02:10Z'])
    expect(readLocal(text, la).kind).toBe('unreadable')
})
