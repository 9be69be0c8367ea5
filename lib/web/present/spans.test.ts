import fc from 'fast-check'
import { expect, test } from 'vitest'
import { durationWords, hours, minutes } from '../../domain/units'
import { formatAge, formatSeconds } from './format'

test.each([
  [0, '0.0 s'],
  [9_949, '9.9 s'],
  [9_960, '10 s'],
  [119_400, '119 s'],
  [119_600, '2 min'],
  [hours(2) - 1_000, '2 h'],
  [hours(2) + minutes(10), '2 h 10 min'],
  // Said as "3 h 60 min" once.
  [hours(3) + minutes(59) + 45_000, '4 h'],
])('%i ms are %s', (ms, words) => {
  expect(durationWords(ms)).toBe(words)
})

const ofUnit = { s: 1, min: 60, h: 3_600, d: 86_400 }
/** A text of figures and units as seconds. */
const read = (words: string): number =>
  [...words.matchAll(/([\d.]+) (s|min|h|d)/g)].reduce(
    (sum, [, figure, unit]) => sum + Number(figure) * ofUnit[unit as keyof typeof ofUnit],
    0,
  )

test.each([
  ['durationWords', (seconds: number) => durationWords(seconds * 1_000)],
  ['formatSeconds', formatSeconds],
  ['formatAge', (seconds: number) => formatAge(seconds * 1_000)],
])('%s says each span within half of its last unit, and never a full unit beside a greater one', (_, words) => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 400 * 86_400, noNaN: true }), (seconds) => {
      const said = words(seconds)
      expect(said).not.toMatch(/(min|h|d) 0?60 (s|min)|d 24 h/)
      const last = said.split(' ').at(-1) as keyof typeof ofUnit
      expect(Math.abs(read(said) - seconds)).toBeLessThanOrEqual(ofUnit[last] * (said.includes('.') ? 0.051 : 1))
    }),
  )
})
