import { expect, test } from 'vitest'
import { hours, minutes } from '../units'
import { boundsOf, recoveryPointOf } from './recovery-point'
import type { BackupRow } from './types'

const now = Date.parse('2026-09-08T14:00:00Z')
const rpo = { targetSeconds: 900, maximumSeconds: 3600 }
const row = (age: number, verdict: BackupRow['verdict']) => ({ takenAt: now - age, verdict }) as BackupRow

test.each([
  [minutes(15), 'met'],
  [minutes(15) + 1, 'within-maximum'],
  [hours(1), 'within-maximum'],
  [hours(11), 'breached'],
])('a backup that is %d ms old: %s', (age, verdict) => {
  const rows = [row(0, 'rejected'), row(age, 'recommended'), row(0, 'usable')]
  expect(recoveryPointOf({ rows }, null, now, rpo)).toMatchObject({ lossMs: age, until: 'now', verdict })
})

test('what was written after the damage was first seen does not count, and without a backup there is no figure', () => {
  const damage = { lastGoodAt: null, firstBadAt: now - hours(2) }
  expect(recoveryPointOf({ rows: [row(hours(3), 'recommended')] }, damage, now, rpo)).toMatchObject({
    lossMs: hours(1),
    until: 'damage',
  })
  expect(recoveryPointOf({ rows: [row(1, 'rejected')] }, null, now, rpo)).toBeNull()
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
