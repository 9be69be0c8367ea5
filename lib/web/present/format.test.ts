import { describe, expect, it } from 'vitest'
import { utcWords } from '../../domain/units'
import {
  dash,
  formatAge,
  formatBytes,
  formatBytesRange,
  formatClock,
  formatDigest,
  formatMoment,
  formatPercent,
  formatSeconds,
  formatSecondsRange,
  formatTimeOfDay,
  formatZone,
  shortNames,
} from './format'

describe('what is not known is a dash, never a zero', () => {
  it.each([
    [formatBytes(null)],
    [formatSeconds(null)],
    [formatAge(null)],
    [formatPercent(null)],
    [formatSeconds(Number.NaN)],
    [formatBytes(Number.POSITIVE_INFINITY)],
  ])('says %s', (text) => expect(text).toBe(dash))
  it('keeps the width of a clock', () => expect(formatClock(null)).toHaveLength(formatClock(0).length))
})

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [31_200, '31 kB'],
    [999_499, '999 kB'],
    [999_600, '1.0 MB'],
    [2_240_000, '2.2 MB'],
    [250_000_000, '250 MB'],
    [4.56e9, '4.6 GB'],
  ])('%d reads %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  it('says the unit of a range once when both ends share it', () => {
    expect(formatBytesRange(1_200_000, 3_300_000)).toBe('1.2–3.3 MB')
    expect(formatBytesRange(39_000, 2_200_000)).toBe('39 kB–2.2 MB')
    expect(formatBytesRange(39_000, 39_100)).toBe('39 kB')
    expect(formatBytesRange(39_000, null)).toBe('at least 39 kB')
  })
})

describe('spans', () => {
  it.each([
    [0, '0.0 s'],
    [0.44, '0.4 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [99.4, '99 s'],
    [185, '3 min 05 s'],
    [7800, '2 h 10 min'],
    [1_310_400, '15 d 04 h'],
  ])('%d s reads %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text))

  it.each([
    [0.4, 22.4, '0.4–22.4 s'],
    [4.6, 4.62, '4.6 s'],
    [4.6, 102, '4.6–102 s'],
    [0.4, 1020, '0.4 s–17 min'],
    [3700, 7300, '62 min–2.0 h'],
  ])('a loss from %d to %d s reads %s', (from, to, text) => expect(formatSecondsRange(from, to)).toBe(text))

  it.each([
    [0, '00:00'],
    [59_999, '00:59'],
    [724_000, '12:04'],
    [3_599_000, '59:59'],
    [3_600_000, '1:00:00'],
    [-5, '00:00'],
  ])('a clock at %d ms reads %s', (ms, text) => expect(formatClock(ms)).toBe(text))

  it.each([
    [300, '0.3 s'],
    [9_970, '10 s'],
    [52_000, '52 s'],
    [120_000, '2 min'],
    [7_200_000, '2 h'],
    [400_000_000, '5 d'],
    [-40, '0.0 s'],
  ])('an age of %d ms reads %s', (ms, text) => expect(formatAge(ms)).toBe(text))
})

describe('moments', () => {
  const at = Date.UTC(2026, 8, 14, 3, 11, 43)
  it('reads in the zone of the viewer, and in UTC for the tooltip', () => {
    expect(formatTimeOfDay(at, 'UTC')).toBe('03:11:43')
    expect(formatTimeOfDay(at, 'America/Los_Angeles')).toBe('20:11:43')
    expect(utcWords(at)).toBe('2026-09-14 03:11:43 UTC')
  })
})

describe('short names', () => {
  it('keep what tells siblings apart, and never a bare number', () => {
    expect(
      shortNames([
        'castmatch-prod-primary',
        'castmatch-prod-replica-1',
        'castmatch-prod-replica-2',
        'castmatch-xregion-replica',
      ]),
    ).toEqual({
      'castmatch-prod-primary': 'primary',
      'castmatch-prod-replica-1': 'replica-1',
      'castmatch-prod-replica-2': 'replica-2',
      'castmatch-xregion-replica': 'xregion-replica',
    })
  })
  it('of nodes in another region name it where one at home has the same name', () =>
    expect(
      shortNames([
        'castmatch-prod-primary',
        'castmatch-prod-replica-1',
        'us-east-1/castmatch-prod-replica-1',
        'eu-west-1/x',
      ]),
    ).toEqual({
      'castmatch-prod-primary': 'primary',
      'castmatch-prod-replica-1': 'replica-1',
      'us-east-1/castmatch-prod-replica-1': 'replica-1 (us-east-1)',
      'eu-west-1/x': 'x',
    }))
  it('leave a single node its whole name', () => expect(shortNames(['db-1'])).toEqual({ 'db-1': 'db-1' }))
})

it('a digest is the same wherever it is read, and a moment of a report has its day', () => {
  expect(formatDigest('0123456789abcdef')).toBe('0123·cdef')
  expect(formatMoment(Date.UTC(2026, 11, 5, 17, 20, 31))).toMatch(/^\d{1,2} Dec \d\d:20:31$/)
  expect(formatZone(Date.UTC(2026, 11, 5))).toMatch(/\(UTC/)
})
