// Six hours of lag in memory, served without the store: nothing joined over a gap, no peak lost by thinning.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LagPoint } from '../domain/cluster/types'
import { LagRing } from './lag-ring'

const point = (second: number, seconds: number | null): LagPoint => ({
  at: second * 1000,
  byNode: { r1: seconds === null ? null : { seconds, bytes: seconds * 1000 } },
})

describe('the ring of lag points', () => {
  it('keeps the newest within its capacity, in order of time', () => {
    const ring = new LagRing(10)
    for (let s = 1; s <= 25; s += 1) ring.push(point(s, s))
    ring.push(point(3, 99))
    expect(ring.size).toBe(10)
    const { at, series } = ring.history(16_000, 26_000, 100)
    expect(at).toHaveLength(10)
    expect(series.r1?.seconds).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25])
  })

  it('shows what was not measured as a gap, and seconds without a collector too', () => {
    const ring = new LagRing(100)
    ring.push(point(1, 0.5))
    ring.push(point(2, null))
    ring.push(point(5, 0.7))
    expect(ring.history(1000, 6000, 100).series.r1?.seconds).toEqual([0.5, null, null, null, 0.7])
  })

  it('never shows a lower peak after thinning, and never more columns than asked for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 50 }),
        (values, maxPoints) => {
          const ring = new LagRing(400)
          for (const [i, v] of values.entries()) ring.push(point(i, v))
          const history = ring.history(0, values.length * 1000, maxPoints)
          expect(history.at.length).toBeLessThanOrEqual(maxPoints)
          const shown = (history.series.r1?.seconds ?? []).filter((v) => v !== null)
          expect(Math.max(...shown)).toBe(Math.max(...values))
        },
      ),
    )
  })

  it('puts what the store remembers before what was measured since', () => {
    const ring = new LagRing(100)
    ring.push(point(50, 5))
    ring.prepend([point(48, 3), point(49, 4), point(50, 99)])
    expect(ring.history(48_000, 51_000, 10).series.r1?.seconds).toEqual([3, 4, 5])
  })
})
