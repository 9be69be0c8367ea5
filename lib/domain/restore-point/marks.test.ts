import { expect, test } from 'vitest'
import { damageMarks, heartbeatGaps, marksWithin, type PointMark } from './marks'

const minute = (n: number) => n * 60_000
const window = {
  known: true as const,
  earliestAt: minute(10),
  earliestSaid: true,
  latestAt: minute(90),
  retentionDays: 1,
  observedAt: null,
}
const run = (at: number, until: number | null = null): PointMark => ({ kind: 'run', at, until, text: `run at ${at}` })

test('minutes with failed heartbeats that follow each other are one gap, and silence is another kind', () => {
  expect(
    heartbeatGaps([
      { minute: minute(1), failed: 3, next: minute(2) },
      { minute: minute(2), failed: 60, next: minute(3) },
      { minute: minute(5), failed: 1, next: minute(9) },
      { minute: minute(20), failed: 0, next: minute(25) },
      { minute: minute(30), failed: 2, next: null },
    ]).map(({ kind, at, until }) => [kind, at / 60_000, (until ?? 0) / 60_000]),
  ).toEqual([
    ['heartbeat-gap', 1, 3],
    ['heartbeat-gap', 5, 6],
    ['not-measured', 6, 9],
    ['not-measured', 21, 25],
    ['heartbeat-gap', 30, 31],
  ])
})

test('marks that touch the window are shown oldest first, from its beginning to now', () => {
  const marks = [run(minute(95)), run(minute(5)), run(minute(5), minute(15)), run(minute(20)), run(minute(101))]
  expect(marksWithin(marks, window, minute(100)).marks.map(({ at }) => at / 60_000)).toEqual([5, 20, 95])
  expect(marksWithin([run(minute(95), minute(105))], window, minute(100)).marks[0]?.until).toBe(minute(100))
  expect(marksWithin(marks, { known: false, why: 'Off.' }, minute(100))).toEqual({ marks: [], leftOut: 0 })
})

test('of very many the newest are shown, the bounds of the damage always, and how many are missing is said', () => {
  const many = Array.from({ length: 310 }, (_, n) => run(minute(20) + n))
  const bounds = damageMarks({ lastGoodAt: minute(11), firstBadAt: minute(12) })
  const found = marksWithin([...many, ...bounds], window, minute(100))
  expect([found.marks.length, found.leftOut]).toEqual([302, 10])
  expect(found.marks.slice(0, 3).map(({ text }) => text)).toEqual([
    'Last known good',
    'First known bad',
    `run at ${minute(20) + 10}`,
  ])
  expect(damageMarks({ lastGoodAt: null, firstBadAt: null })).toEqual([])
})
