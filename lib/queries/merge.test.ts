import { describe, expect, it } from 'vitest'
import type { LagHistory } from '../domain/cluster/feed'
import type { LagPoint, Snapshot } from '../domain/cluster/types'
import { appendLag, appendMark, newerSnapshot, withGaps } from './merge'

const picture = (epoch: number, seq: number) => ({ epoch, seq }) as Snapshot
const point = (at: number, seconds: number | null): LagPoint => ({
  at,
  byNode: { a: seconds === null ? null : { seconds, bytes: seconds * 10 } },
})
const history = (at: number[], seconds: (number | null)[], stepMs = 1000): LagHistory => ({
  fromMs: 0,
  toMs: 10_000,
  stepMs,
  at,
  series: { a: { seconds, bytes: seconds.map((s) => (s === null ? null : s * 10)) } },
  marks: [],
})

describe('the newest picture stands', () => {
  it('drops a poll that answers after a newer event', () => {
    const held = picture(3, 20)
    expect(newerSnapshot(held, picture(3, 19))).toBe(held)
    expect(newerSnapshot(held, picture(3, 20))).toBe(held)
  })
  it('takes the next of the same term', () => expect(newerSnapshot(picture(3, 20), picture(3, 21))?.seq).toBe(21))
  it('takes the first of a higher term though its sequence starts anew', () =>
    expect(newerSnapshot(picture(3, 900), picture(4, 1))?.epoch).toBe(4))
  it('drops what a deposed collector still says', () =>
    expect(newerSnapshot(picture(4, 1), picture(3, 901))?.epoch).toBe(4))
  it('keeps what it has when nothing is known', () => expect(newerSnapshot(picture(1, 1), null)?.seq).toBe(1))
})

describe('a second of lag is added', () => {
  it('in its place, and the window moves with it', () => {
    const next = appendLag(history([8000, 9000, 10_000], [1, 2, 3]), point(11_000, 4))
    expect(next.at).toEqual([8000, 9000, 10_000, 11_000])
    expect(next.series.a?.seconds).toEqual([1, 2, 3, 4])
    expect([next.fromMs, next.toMs]).toEqual([1000, 11_000])
  })
  it('once, though it is replayed', () => {
    const held = history([9000, 10_000], [1, 2])
    expect(appendLag(held, point(10_000, 9))).toBe(held)
    expect(appendLag(held, point(9500, 9))).toBe(held)
  })
  it('with a gap after a silence, never a line across it', () => {
    const next = appendLag(history([9000, 10_000], [1, 2]), point(15_000, 3))
    expect(next.series.a?.seconds).toEqual([1, 2, null, 3])
    expect(next.at).toEqual([9000, 10_000, 11_000, 15_000])
  })
  it('as a gap when it could not be measured', () =>
    expect(appendLag(history([10_000], [1]), point(11_000, null)).series.a?.seconds).toEqual([1, null]))
  it('and lets what is older than the window go, in every column', () => {
    const next = appendLag(history([0, 5000, 10_000], [1, 2, 3], 5000), point(15_000, 4))
    expect(next.at).toEqual([5000, 10_000, 15_000])
    expect(next.series.a?.seconds).toHaveLength(3)
    expect(next.series.a?.bytes).toHaveLength(3)
  })
  it('for a node that was not there before, whose past is a gap', () => {
    const next = appendLag(history([9000, 10_000], [1, 2]), {
      at: 11_000,
      byNode: { a: null, b: { seconds: 5, bytes: 50 } },
    })
    expect(next.series.b?.seconds).toEqual([null, null, 5])
    expect(next.series.a?.seconds).toEqual([1, 2, null])
  })
  it('to the step it falls into where a step holds several seconds, and the worst of them stands', () => {
    const held = history([0, 4000], [1, 2], 4000)
    const worse = appendLag(held, point(5000, 9))
    expect(worse.series.a?.seconds).toEqual([1, 9])
    expect(appendLag(worse, point(6000, 3)).series.a?.seconds).toEqual([1, 9])
    expect(appendLag(worse, point(8000, 3)).at).toEqual([0, 4000, 8000])
  })
})

describe('marks', () => {
  const mark = { at: 5, kind: 'event' as const, text: 'failover started' }
  it('are not doubled by a replay', () => {
    const once = appendMark(history([], []), mark)
    expect(appendMark(once, { ...mark })).toBe(once)
  })
  it('stand in the order of time', () =>
    expect(appendMark(appendMark(history([], []), mark), { ...mark, at: 2 }).marks.map((m) => m.at)).toEqual([2, 5]))
})

describe('a loaded history', () => {
  it('gets a null row in each silence', () => {
    const next = withGaps(history([1000, 2000, 9000, 10_000], [1, 2, 3, 4]))
    expect(next.at).toEqual([1000, 2000, 3000, 9000, 10_000])
    expect(next.series.a?.seconds).toEqual([1, 2, null, 3, 4])
  })
  it('is left alone when it has none', () => {
    const whole = history([1000, 2000, 3000], [1, 2, 3])
    expect(withGaps(whole)).toBe(whole)
  })
})
