import { expect, test } from 'vitest'
import { slowWords } from './slow-actions'

test.each<[string, number[], string | null]>([
  ['nothing is sent', [], null],
  ['it was sent 4.9 s ago', [5_100], null],
  [
    'it was sent 5 s ago',
    [5_000],
    'The War Room has not responded for 5 s. It is still asked, and your input is kept.',
  ],
  [
    'one of two is slow',
    [1_000, 9_500],
    'The War Room has not responded for 9 s. It is still asked, and your input is kept.',
  ],
])('while %s', (_, began, words) => {
  expect(
    slowWords(
      began.map((since) => ({ since })),
      10_000,
    ),
  ).toBe(words)
})
