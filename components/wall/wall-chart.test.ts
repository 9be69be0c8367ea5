import { expect, it } from 'vitest'
import type { WallLag } from '../../lib/domain/wall/view'
import { lagPath, legendRows, markersAt } from './wall-chart'

const lag = (at: number[], seconds: (number | null)[]): WallLag => ({
  fromMs: 0,
  toMs: 10_000,
  stepMs: 1000,
  at,
  seconds: { reader: seconds },
})
const path = (of: WallLag, id = 'reader') =>
  lagPath(
    of,
    id,
    (at) => at / 1000,
    (s) => s,
  )

it('joins what was measured one second after the other', () =>
  expect(path(lag([0, 1000, 2000], [1, 2, 3]))).toBe('M0.0 1.0L1.0 2.0L2.0 3.0'))

it('joins neither over what could not be measured nor over a silence', () => {
  expect(path(lag([0, 1000, 2000], [1, null, 3]))).toBe('M0.0 1.0M2.0 3.0')
  expect(path(lag([0, 1000, 9000], [1, 2, 3]))).toBe('M0.0 1.0L1.0 2.0M9.0 3.0')
})

it('draws nothing for a reader of which nothing is known', () => expect(path(lag([0], [1]), 'other')).toBe(''))

it('shows every name whole, in as many rows as they need', () => {
  const short = ['replica-1', 'replica-2', 'xregion']
  expect(legendRows(short, 712).map(({ name, row }) => [name, row])).toEqual(short.map((name) => [name, 0]))
  const long = ['castmatch-prod-replica-1', 'castmatch-prod-replica-2', 'castmatch-xregion-replica']
  const rows = legendRows(long, 712)
  expect(rows.map(({ name, row }) => [name, row])).toEqual([
    [long[0], 0],
    [long[1], 0],
    [long[2], 1],
  ])
  expect(rows.every(({ name, x }) => x + 32 + 12.5 * name.length <= 712)).toBe(true)
})

it('puts the number of a line at its end, and never over the number of another', () => {
  const ends = [
    { x: 700, y: 100 },
    { x: 702, y: 104 },
    { x: 700, y: 40 },
    { x: 690, y: 96 },
  ]
  const spots = markersAt(ends)
  expect(spots[0]).toEqual(ends[0])
  expect(spots[2]).toEqual(ends[2])
  for (const [i, a] of spots.entries())
    for (const b of spots.slice(i + 1))
      expect(Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y))).toBeGreaterThanOrEqual(26)
})
