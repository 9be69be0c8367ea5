import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addNumber, countNumbers, type Range, withoutNumbers } from './ranges'

const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 60 })).map((list) => list.sort((a, b) => a - b))

function toRanges(list: number[]): Range[] {
  const ranges: Range[] = []
  for (const n of list) addNumber(ranges, n)
  return ranges
}

const spread = (ranges: Range[]) => ranges.flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => a + i))

test('ranges hold exactly the numbers that were added', () => {
  fc.assert(
    fc.property(numbers, (list) => {
      expect(spread(toRanges(list))).toEqual(list)
      expect(countNumbers(toRanges(list))).toBe(list.length)
    }),
  )
})

test('subtraction of ranges is subtraction of sets', () => {
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      expect(spread(withoutNumbers(toRanges(a), toRanges(b)))).toEqual(a.filter((n) => !b.includes(n)))
    }),
  )
})
