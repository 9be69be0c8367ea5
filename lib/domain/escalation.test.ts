import { describe, expect, test } from 'vitest'
import { reachable } from './escalation'

const office = { kind: 'business-hours', zone: 'America/Los_Angeles', fromHour: 9, toHour: 17 } as const
const at = (iso: string) => reachable(office, Date.parse(iso))

describe('reachable now', () => {
  test('business hours are those of the contact, not of the viewer', () => {
    expect(at('2026-11-23T18:00:00Z')).toEqual({ now: true, words: 'until 17:00 their time' })
    expect(at('2026-11-23T16:59:00Z')).toEqual({ now: false, words: 'from Mon 09:00 their time' })
  })
  test('the hour of opening is inside, the hour of closing is not', () => {
    expect(at('2026-11-23T17:00:00Z').now).toBe(true)
    expect(at('2026-11-24T01:00:00Z')).toEqual({ now: false, words: 'from Tue 09:00 their time' })
  })
  test('Friday evening and the weekend wait for Monday', () => {
    expect(at('2026-11-28T02:00:00Z').words).toBe('from Mon 09:00 their time')
    expect(at('2026-11-28T20:00:00Z').words).toBe('from Mon 09:00 their time')
    expect(at('2026-11-29T20:00:00Z').words).toBe('from Mon 09:00 their time')
  })
  test('summer time moves the hours with it', () => {
    expect(at('2026-07-06T16:30:00Z').now).toBe(true)
  })
  test('somebody on call around the clock is always there', () => {
    expect(reachable({ kind: 'always' }, 0)).toEqual({ now: true, words: '24/7' })
  })
})
