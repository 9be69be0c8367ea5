import { expect, test } from 'vitest'
import { type Measure, measuresOf, timesOf } from './measure'

const objectives = {
  rto: { targetSeconds: 60, maximumSeconds: 120 },
  rpo: { targetSeconds: 1, maximumSeconds: 2 },
  committedLossTolerance: 0,
  monthlyAvailability: 0.999,
}
const measure = (more: Partial<Measure>): Measure => ({
  label: 'Moved',
  value: 1,
  unit: 'count',
  objective: null,
  ...more,
})

test('the clocks take what a procedure says is theirs, and nothing else', () => {
  expect(timesOf([measure({ value: 7 }), measure({ label: 'Writes back', value: 9, clock: 'restoredAt' })])).toEqual({
    impactAt: null,
    detectedAt: null,
    restoredAt: 9,
    lossSeconds: null,
    lostCommits: null,
  })
})

test('of several runs the last that knows a figure counts; an unknown one is said as unknown', () => {
  const runs = [[measure({ value: 1 })], [measure({ value: 2 })], [measure({ value: null })]]
  expect(measuresOf(runs, objectives, 0)).toMatchObject([{ label: 'Moved', value: 2, verdict: null }])
  expect(measuresOf([[measure({ value: null })]], objectives, 0)).toMatchObject([{ value: null }])
})

test('each promise is compared in its own way, and an unknown figure meets none', () => {
  const verdict = (objective: Measure['objective'], value: number | null) =>
    measuresOf([[measure({ objective, value })]], objectives, 1_000)[0]?.verdict
  expect([61_000, 61_001, 121_001, null].map((v) => verdict('rto', v))).toEqual([
    'met',
    'within-maximum',
    'breached',
    'unknown',
  ])
  expect([1, 1.5, 3, null].map((v) => verdict('rpo', v))).toEqual(['met', 'within-maximum', 'breached', 'unknown'])
  expect([0, 1, null].map((v) => verdict('committed-loss', v))).toEqual(['met', 'breached', 'unknown'])
})
