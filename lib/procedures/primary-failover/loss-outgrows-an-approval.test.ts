// An approval was given to a loss that was shown. The loss grows, or can no longer be told, before the approval is used.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { outgrown } from '.'

const approved = { writer: 'w', target: 't', promoted: false, atLeastSeconds: 1, atLeastBytes: 1000 }

test.each([
  ['both figures grow', {}, { atLeastSeconds: 100, atLeastBytes: 5e9 }],
  ['50 GB more, in the same second', {}, { atLeastBytes: 5e10 }],
  ['an hour more, in few bytes', {}, { atLeastSeconds: 3601, atLeastBytes: 900_000 }],
  [
    'an unknown number of bytes was approved, and both grow',
    { atLeastBytes: null },
    { atLeastSeconds: 3601, atLeastBytes: 5e10 },
  ],
  ['the bytes have become unknown', {}, { atLeastBytes: null }],
  ['the seconds are no number', {}, { atLeastSeconds: Number.NaN }],
  ['the seconds are missing', {}, { atLeastSeconds: undefined as unknown as null }],
  [
    'nothing was known, and it is an hour',
    { atLeastSeconds: null, atLeastBytes: null },
    { atLeastSeconds: 3600, atLeastBytes: 5e10 },
  ],
  ['another writer', {}, { writer: 'x' }],
  ['another target', {}, { target: 'x' }],
])('%s: the approval is void', (_how, before, now) => {
  expect(outgrown({ ...approved, ...before }, { ...approved, ...now })).toMatch(/^[A-Z].*\.$/)
})

test.each([
  ['nothing has changed', {}, {}],
  ['the figures move as those of a live writer do', {}, { atLeastSeconds: 2.5, atLeastBytes: 4_000_000 }],
  ['the loss has shrunk', {}, { atLeastSeconds: 0, atLeastBytes: 0 }],
  [
    'nothing was known, and nothing is',
    { atLeastSeconds: null, atLeastBytes: null },
    { atLeastSeconds: null, atLeastBytes: null },
  ],
  ['the target was promoted: its loss has happened', {}, { promoted: true, atLeastSeconds: null, atLeastBytes: null }],
])('%s: the approval holds', (_how, before, now) => {
  expect(outgrown({ ...approved, ...before }, { ...approved, ...now })).toBeNull()
})

const figure = fc.option(fc.double({ min: 0, max: 1e12, noNaN: true }))

test('a figure that was known and is unknown never keeps an approval', () => {
  fc.assert(
    fc.property(figure, figure, figure, figure, (s1, b1, s2, b2) => {
      const lost = (s1 !== null && s2 === null) || (b1 !== null && b2 === null)
      const says = outgrown(
        { ...approved, atLeastSeconds: s1, atLeastBytes: b1 },
        { ...approved, atLeastSeconds: s2, atLeastBytes: b2 },
      )
      if (lost) expect(says).not.toBeNull()
    }),
  )
})
