import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readPoint, writePoint } from './moment'

test('a point is a time with an offset, whatever the offset', () => {
  const at = Date.parse('2026-09-08T21:02:10Z')
  for (const text of ['2026-09-08T21:02:10Z', '2026-09-08T14:02:10-07:00', '2026-09-09T02:32:10+05:30'])
    expect([readPoint(text), writePoint(readPoint(text) ?? Number.NaN)]).toEqual([at, '2026-09-08T21:02:10Z'])
  expect(readPoint('2026-09-08T21:02:10.250Z')).toBe(at + 250)
})

test.each([
  ['no offset', '2026-09-08T21:02:10'],
  ['an unknown offset', '2026-09-08T21:02:10-00:00'],
  ['a zone by name', '2026-09-08T21:02:10 America/Los_Angeles'],
  ['no seconds', '2026-09-08T21:02Z'],
  ['a day alone', '2026-09-08'],
  ['no such day', '2026-02-30T10:00:00Z'],
  ['a leap second', '2026-06-30T23:59:60Z'],
  ['the hour 24', '2026-09-08T24:00:00Z'],
  ['more digits than can be kept', '2026-09-08T21:02:10.12345Z'],
  ['words around it', 'at 2026-09-08T21:02:10Z'],
])('%s is refused', (_, text) => {
  expect(readPoint(text)).toBeNull()
})

test('what is written is read as the same instant', () => {
  const instants = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2099, 11, 31) })
  fc.assert(fc.property(instants, (at) => readPoint(writePoint(at)) === at))
})
