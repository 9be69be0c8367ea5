// Nobody knows when the damage was done: temporary restores are asked, and each answer halves the time in question.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { intervalOf, type Probe, pointToProbe, probesNeeded, type Search } from './bisect'

const minute = 60_000
const t0 = Date.UTC(2026, 10, 29, 3)
const search: Search = { fromAt: t0, fromProved: true, badAt: t0 + 64 * minute, withinMs: minute }
const probe = (at: number, verdict: Probe['verdict'], n = 1): Probe => ({ n, at, verdict, says: '', tookMs: null })

describe('what the answers say', () => {
  it('is the latest sound moment and the first damaged one', () => {
    expect(intervalOf(search, [])).toEqual({ goodAt: t0, badAt: t0 + 64 * minute })
    expect(intervalOf(search, [probe(t0 + 32 * minute, 'damaged'), probe(t0 + 16 * minute, 'sound', 2)])).toEqual({
      goodAt: t0 + 16 * minute,
      badAt: t0 + 32 * minute,
    })
  })
  it('leaves the last good moment unknown where nobody has seen one', () => {
    const all = { ...search, fromProved: false }
    expect(intervalOf(all, [probe(t0 + 32 * minute, 'damaged')])).toEqual({ goodAt: null, badAt: t0 + 32 * minute })
  })
  it('does not count one that is not known', () => {
    expect(intervalOf(search, [probe(t0 + 32 * minute, 'unknown')])).toEqual(intervalOf(search, []))
  })
})

describe('the next moment', () => {
  it('is the middle, on a whole second', () => {
    expect(pointToProbe(search, [], t0 + 90 * minute)).toBe(t0 + 32 * minute)
    expect(pointToProbe({ ...search, badAt: t0 + 3 * minute + 501 }, [], t0 + 90 * minute)).toBe(t0 + 90_000)
  })
  it('is none when the interval is as narrow as was asked, or all of it is later than can be restored to', () => {
    expect(pointToProbe({ ...search, badAt: t0 + minute }, [], t0 + 90 * minute)).toBeNull()
    expect(pointToProbe(search, [], t0)).toBeNull()
  })
  it('is the newest that can be restored to where the middle is not in the archive yet', () => {
    expect(pointToProbe(search, [], t0 + 10 * minute)).toBe(t0 + 10 * minute)
  })
  it('is another one where the middle could not be told', () => {
    const next = pointToProbe(search, [probe(t0 + 32 * minute, 'unknown')], t0 + 90 * minute)
    expect(next).not.toBeNull()
    expect(next).not.toBe(t0 + 32 * minute)
  })
})

it('finds any moment of damage with as many restores as were said, and is always inside the interval', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 7 * 24 * 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (minutes, where) => {
        const asked: Search = { fromAt: t0, fromProved: true, badAt: t0 + minutes * minute, withinMs: minute }
        const damageAt = t0 + 1 + Math.floor(where * (minutes * minute - 1))
        const probes: Probe[] = []
        for (;;) {
          const at = pointToProbe(asked, probes, asked.badAt)
          if (at === null) break
          const { goodAt, badAt } = intervalOf(asked, probes)
          expect(at).toBeGreaterThan(goodAt ?? t0)
          expect(at).toBeLessThan(badAt)
          probes.push(probe(at, at >= damageAt ? 'damaged' : 'sound', probes.length + 1))
        }
        const { goodAt, badAt } = intervalOf(asked, probes)
        expect(goodAt).toBeLessThan(damageAt)
        expect(badAt).toBeGreaterThanOrEqual(damageAt)
        expect(badAt - (goodAt ?? 0)).toBeLessThanOrEqual(minute)
        expect(probes.length).toBeLessThanOrEqual(probesNeeded(minutes * minute, minute))
      },
    ),
    { numRuns: 300, seed: 7 },
  )
})
