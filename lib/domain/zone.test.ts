import { describe, expect, it } from 'vitest'
import { instantOf, offsetWords, wallTimeAt } from './zone'

const la = 'America/Los_Angeles'
const at2pm = (year: number, month: number, day: number, zone = la) =>
  new Date(instantOf({ year, month, day, hour: 14, minute: 0 }, zone)).toISOString()

describe('a time of a zone', () => {
  it('is another instant in summer than in winter', () => {
    expect(at2pm(2026, 1, 15)).toBe('2026-01-15T22:00:00.000Z')
    expect(at2pm(2026, 7, 15)).toBe('2026-07-15T21:00:00.000Z')
  })

  it('is right on the days on which the clocks change', () => {
    expect(at2pm(2026, 3, 8)).toBe('2026-03-08T21:00:00.000Z')
    expect(at2pm(2026, 11, 1)).toBe('2026-11-01T22:00:00.000Z')
    expect(wallTimeAt(Date.parse('2026-11-01T22:00:00Z'), la)).toEqual({
      year: 2026,
      month: 11,
      day: 1,
      hour: 14,
      minute: 0,
      second: 0,
    })
  })

  it('runs over the end of a month and of a year', () => {
    expect(at2pm(2026, 12, 33)).toBe('2027-01-02T22:00:00.000Z')
  })

  it('says how far the zone is from UTC, half hours and none included', () => {
    const t = Date.UTC(2026, 0, 15)
    expect([la, 'Asia/Kolkata', 'UTC', 'Asia/Tokyo'].map((zone) => offsetWords(t, zone))).toEqual([
      'UTC-8',
      'UTC+5:30',
      'UTC',
      'UTC+9',
    ])
  })
})
