// An approval was given to a loss that was shown. The loss grows, or can no longer be told, before the approval is used.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../domain/procedure/canonical'
import type { Facts } from '../contract'
import type { PromotionBound } from '../steps/promotion-bound'
import { primaryFailover } from '.'

const { outgrown } = primaryFailover
const approved: PromotionBound = {
  writer: 'w',
  target: 't',
  promoted: false,
  atLeastSeconds: 1,
  atLeastBytes: 1000,
  damage: null,
}

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
  ['data was deleted meanwhile', {}, { damage: 'deletion' }],
  ['another kind of damage was found', { damage: 'deletion' }, { damage: 'corruption' }],
])('%s: the approval is void', (_how, before, now) => {
  expect(outgrown({ ...approved, ...before }, { ...approved, ...now })).toMatch(/^[A-Z].*\.$/)
})

test.each([
  ['nothing has changed', {}, {}],
  ['the figures move as those of a live writer do', {}, { atLeastSeconds: 2.5, atLeastBytes: 4_000_000 }],
  ['the damage that was shown is dismissed', { damage: 'deletion' }, { damage: null }],
  ['the damage was shown', { damage: 'deletion' }, { damage: 'deletion' }],
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

const figure = fc.double({ min: 0, max: 1e12, noNaN: true })
/** What an approval of an earlier version, or a forged row, may have in the place of a figure. */
const malformed = fc.constantFrom<JsonValue | undefined>('12', '', true, [], {}, [3], Number.NaN, Infinity, undefined)
const kinds = ['known', 'unknown', 'malformed'] as const
const of = { known: figure, unknown: fc.constant(null), malformed }
const combinations = kinds.flatMap((s1) =>
  kinds.flatMap((b1) => kinds.flatMap((s2) => kinds.map((b2) => [s1, b1, s2, b2] as const))),
)

const pairs = <T>(s1: T, b1: T, s2: T, b2: T): [T, T][] => [
  [s1, s2],
  [b1, b2],
]
const lost = ([before, after]: [string, string]) => before === 'known' && after === 'unknown'

describe.each(combinations)('seconds %s and bytes %s were approved, and are %s and %s now', (s1, b1, s2, b2) => {
  const says = (seconds: unknown, bytes: unknown, now: unknown, bytesNow: unknown) =>
    outgrown(
      { ...approved, atLeastSeconds: seconds, atLeastBytes: bytes } as Facts,
      { ...approved, atLeastSeconds: now, atLeastBytes: bytesNow } as Facts,
    )
  const never = [s1, b1, s2, b2].includes('malformed') || pairs(s1, b1, s2, b2).some(lost)
  test(never ? 'the approval is void' : 'the approval holds within what people would mind, and no further', () => {
    fc.assert(
      fc.property(of[s1], of[b1], of[s2], of[b2], (...figures) => {
        const [seconds, bytes, secondsNow, bytesNow] = figures
        const grown = (before: unknown, after: unknown, tolerance: number) =>
          typeof after === 'number' && after - (typeof before === 'number' ? before : 0) > tolerance
        const isVoid = never || grown(seconds, secondsNow, 2) || grown(bytes, bytesNow, 16 * 2 ** 20)
        expect(says(...figures) === null).toBe(!isVoid)
      }),
    )
  })
})

test.each(Object.keys(approved) as (keyof PromotionBound)[])(
  'an approval without %s, or with something else in its place, is void',
  (name) => {
    const { [name]: _left, ...rest } = approved
    for (const broken of [rest, { ...rest, [name]: { not: 'it' } }, { ...rest, [name]: [] }]) {
      expect(outgrown(broken, approved), 'approved').toBe('This version cannot read what was approved.')
      expect(outgrown(approved, broken), 'now').not.toBeNull()
    }
  },
)
