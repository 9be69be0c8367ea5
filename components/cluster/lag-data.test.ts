import { describe, expect, it } from 'vitest'
import type { LagHistory } from '../../lib/domain/cluster/feed'
import { lastValue, markRows, numberedMarks, silences, spread, toColumns } from './lag-data'

const history = (at: number[], seconds: (number | null)[]): LagHistory => ({
  fromMs: 0,
  toMs: 100_000,
  stepMs: 1000,
  at,
  series: { a: { seconds, bytes: seconds } },
  marks: [],
})

describe('columns of the chart', () => {
  it('keep gaps as gaps, also on a logarithmic scale', () =>
    expect(toColumns(history([1000, 2000], [null, 0]), ['a'], 'seconds', 'log')).toEqual([
      [1, 2],
      [null, 0.01],
    ]))
  it('show a zero as zero on a linear scale', () =>
    expect(toColumns(history([1000], [0]), ['a'], 'seconds', 'linear')[1]).toEqual([0]))
  it('are empty for a node without a history', () =>
    expect(toColumns(history([1000], [0]), ['b'], 'seconds', 'linear')[1]).toEqual([null]))
})

describe('silences', () => {
  it('are found between points and until now', () =>
    expect(silences(history([1000, 2000, 9000], [1, 2, 3]), ['a'], 20_000, 3000)).toEqual([
      { fromMs: 2000, toMs: 9000 },
      { fromMs: 9000, toMs: 20_000 },
    ]))
  it('end only with a measured value: nulls are silence too', () =>
    expect(silences(history([1000, 2000, 8000], [1, null, 3]), ['a'], 8000, 3000)).toEqual([
      { fromMs: 1000, toMs: 8000 },
    ]))
})

describe('the last value of a line', () => {
  it('is not fresh when it stopped coming', () => {
    expect(lastValue(history([1000, 2000], [1, 2]), 'a', 'seconds', 2500)).toEqual({
      value: 2,
      atMs: 2000,
      fresh: true,
    })
    expect(lastValue(history([1000, 2000], [1, 2]), 'a', 'seconds', 9000)?.fresh).toBe(false)
  })
  it('is nothing when there never was one', () =>
    expect(lastValue(history([1000], [null]), 'a', 'seconds', 1000)).toBeNull())
})

describe('names at the ends of lines', () => {
  it('never cover each other and stay within the chart', () => {
    const ys = spread([50, 52, 51, 99], 15, 0, 100)
    const sorted = ys.slice().sort((a, b) => a - b)
    for (let i = 1; i < sorted.length; i++) expect((sorted[i] ?? 0) - (sorted[i - 1] ?? 0)).toBeGreaterThanOrEqual(15)
    expect(Math.max(...ys)).toBeLessThanOrEqual(100)
  })
  it('keep the order of their lines', () => {
    const ys = spread([10, 12, 11], 15, 0, 100)
    expect([ys[0], ys[2], ys[1]]).toEqual([10, 25, 40])
  })
})

describe('marks', () => {
  const mark = (at: number) => ({ at, text: `m${at}`, kind: 'detection' as const })
  it('of the range are numbered, the newest four', () =>
    expect(numberedMarks([1, 2, 3, 4, 5, 99].map(mark), 2, 50).map(({ n, mark: { at } }) => [n, at])).toEqual([
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
    ]))
  it('whose numbers would cover each other stand below each other', () =>
    expect(markRows([10, 15, 20, 60], 16)).toEqual([0, 1, 2, 0]))
})
