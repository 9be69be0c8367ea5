/** A person’s mark is never counted as something that was verified. */
import { expect, test } from 'vitest'
import { countOf, countWords, openItems } from './count'
import { checklistItems } from './items'

const states = (pass: number, hand: number) => [
  ...Array<string>(pass).fill('pass'),
  ...Array<string>(hand).fill('hand'),
  'fail',
  'unknown',
]

test('marks are counted apart from what a check verified, and both settle an item', () => {
  const count = countOf(states(6, 2))
  expect(count).toEqual({ passed: 6, marked: 2, of: checklistItems.length })
  expect(openItems(count)).toBe(checklistItems.length - 8)
  expect(countWords(count)).toBe('6 of 10 passed, 2 marked manually')
})

test('without marks they are not mentioned, and items that nobody looked at are open', () => {
  expect(countWords(countOf(states(3, 0)))).toBe('3 of 10 passed')
  expect(openItems(countOf([]))).toBe(checklistItems.length)
})
