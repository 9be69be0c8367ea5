import fc from 'fast-check'
import { expect, test } from 'vitest'
import { criticalPath } from './critical-path'
import { type OpenStep, remainingOf } from './remaining'

const durations = fc.array(fc.integer({ min: 0, max: 3_600 }), { maxLength: 8 })
const sum = (all: number[]) => all.reduce((a, b) => a + b, 0)

test('steps at the same time take as long as the longest, and no longer than one after the other', () => {
  fc.assert(
    fc.property(durations, fc.integer({ min: 1, max: 10 }), (each, atOnce) => {
      const took = criticalPath(each, atOnce)
      expect(took).toBeGreaterThanOrEqual(Math.max(0, ...each))
      expect(took).toBeLessThanOrEqual(sum(each))
      // The work does not become less, however many there are.
      expect(took * atOnce).toBeGreaterThanOrEqual(sum(each))
      if (atOnce === 1) expect(took).toBe(sum(each))
      if (atOnce >= each.length) expect(took).toBe(Math.max(0, ...each))
    }),
  )
})

test('each begins when there is a place: two at once of 3, 1 and 2 take 3', () => {
  expect(criticalPath([3, 1, 2], 2)).toBe(3)
  expect(criticalPath([1, 2, 3], 2)).toBe(4)
})

test('the forecast of a run adds stages, and within a stage goes by its critical path', () => {
  const stage = { id: 's', title: 'S', atOnce: 2, whenOneFails: 'others-finish' as const }
  const open = (seconds: number, of: OpenStep['stage'], runningMs = 0): OpenStep => ({
    estimate: { lowSeconds: seconds, highSeconds: 2 * seconds },
    ...{ own: null, runningMs, stage: of },
  })
  const steps = [open(10, null), open(30, stage), open(20, stage), open(20, stage), open(5, null)]
  expect(remainingOf(steps)).toMatchObject({ lowSeconds: 10 + 40 + 5, highSeconds: 20 + 80 + 10 })
  // One under way is counted from where it is, and has its place already.
  expect(remainingOf([open(20, stage), open(30, stage, 25_000)])).toMatchObject({ lowSeconds: 20 })
  fc.assert(
    fc.property(durations, fc.integer({ min: 1, max: 4 }), (each, atOnce) => {
      const all = each.map((seconds) => open(seconds, { ...stage, atOnce }))
      const { lowSeconds } = remainingOf(all)
      expect(lowSeconds).toBeGreaterThanOrEqual(Math.max(0, ...each))
      expect(lowSeconds).toBeLessThanOrEqual(sum(each))
    }),
  )
})
