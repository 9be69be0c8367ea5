import { expect, test } from 'vitest'
import { hours, minutes } from '../units'
import { boundsOf, recoveryPointOf } from './recovery-point'

const now = Date.parse('2026-09-08T14:00:00Z')
const rpo = { targetSeconds: 900, maximumSeconds: 3600 }

test.each([
  [minutes(15), 'met'],
  [minutes(15) + 1, 'within-maximum'],
  [hours(1), 'within-maximum'],
  [hours(11), 'breached'],
])('a backup that is %d ms old: %s', (age, verdict) => {
  expect(recoveryPointOf({ takenAt: now - age }, null, now, rpo)).toMatchObject({ lossMs: age, until: 'now', verdict })
})

test('what was written after the damage was first seen does not count', () => {
  const damage = { lastGoodAt: null, firstBadAt: now - hours(2) }
  expect(recoveryPointOf({ takenAt: now - hours(3) }, damage, now, rpo)).toMatchObject({
    lossMs: hours(1),
    until: 'damage',
  })
})

test('of several findings of damage the earliest bounds count, and a beginning that is unknown stays unknown', () => {
  expect(boundsOf([])).toBeNull()
  expect(
    boundsOf([
      { lastGoodAt: 5, firstBadAt: 9 },
      { lastGoodAt: 3, firstBadAt: 10 },
    ]),
  ).toEqual({ lastGoodAt: 3, firstBadAt: 9 })
  for (const order of [1, -1]) {
    const findings = [
      { lastGoodAt: null, firstBadAt: 9 },
      { lastGoodAt: 3, firstBadAt: 8 },
    ]
    expect(boundsOf(order > 0 ? findings : findings.toReversed())).toEqual({ lastGoodAt: null, firstBadAt: 8 })
  }
})
