import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lastNumbers, type NumberRange, sideOnly, without, writersWords } from './one-sided'

const range = (writer: string, from: number, to: number): NumberRange => ({ writer, from, to })

describe('what one side has and the other one lacks', () => {
  test.each<[string, NumberRange[], NumberRange[], NumberRange[]]>([
    ['a tail', [range('a', 1, 9)], [range('a', 1, 6)], [range('a', 7, 9)]],
    ['a writer of its own', [range('a', 1, 2)], [range('b', 1, 2)], [range('a', 1, 2)]],
    [
      'a hole, after which the writer went on',
      [range('a', 1, 9)],
      [range('a', 1, 3), range('a', 7, 9)],
      [range('a', 4, 6)],
    ],
    ['nothing', [range('a', 2, 3)], [range('a', 1, 9)], []],
  ])('%s', (_name, held, other, wanted) => {
    expect(without(held, other)).toEqual(wanted)
  })
  const runs = fc
    .array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat(30), fc.nat(5)), { maxLength: 6 })
    .map((all) => all.map(([writer, from, more]) => range(writer, from, from + more)))
  const numbers = (ranges: readonly NumberRange[]) =>
    new Set(
      ranges.flatMap(({ writer, from, to }) =>
        Array.from({ length: to - from + 1 }, (_, i) => `${writer} ${from + i}`),
      ),
    )
  test('is exactly the numbers that are not there, in any two databases', () => {
    fc.assert(
      fc.property(runs, runs, (held, other) => {
        const there = numbers(other)
        expect(numbers(without(held, other))).toEqual(new Set([...numbers(held)].filter((one) => !there.has(one))))
      }),
    )
  })
})

test('the count is of all ranges, also of those that are not listed', () => {
  const many = Array.from({ length: 60 }, (_, n) => range(`w${n}`, 1, n + 1))
  const side = sideOnly('old', many)
  expect([side.commits, side.writers, side.listed.length]).toEqual([1830, 60, 50])
  expect(writersWords(side, 1)).toBe('w59: 1 to 60 (60 commits), and 1770 more')
  expect(lastNumbers([range('a', 7, 9), range('a', 1, 3)])).toEqual({ a: 9 })
})
