import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readWritten } from './story'

const now = Date.parse('2026-11-22T03:23:46Z')

describe('what a person writes', () => {
  test('a leading command says what it is', () => {
    expect(readWritten('/decision we do not wait', now, 'UTC')).toEqual({
      kind: 'decision',
      text: 'we do not wait',
      occurredAt: null,
      question: null,
    })
  })
  test('a leading time dates it back on the writer’s clock', () => {
    const written = readWritten('19:12:50 api answers 503', now, 'America/Los_Angeles')
    expect(written.occurredAt).toBe(Date.parse('2026-11-22T03:12:50Z'))
    expect(written.text).toBe('api answers 503')
  })
  test('a time later than now was yesterday', () => {
    expect(readWritten('23:50 first complaint', now, 'UTC').occurredAt).toBe(Date.parse('2026-11-21T23:50:00Z'))
  })
  test('a ratio or a lone time is text', () => {
    expect(readWritten('2:1 vote', now, 'UTC')).toMatchObject({ text: '2:1 vote', occurredAt: null })
    expect(readWritten('03:12', now, 'UTC')).toMatchObject({ text: '03:12', occurredAt: null })
  })
  test.each([
    ['typed after the clocks went forward', '2026-03-08T10:10:00Z', '01:50', '2026-03-08T09:50:00Z'],
    ['typed after the clocks went back', '2026-11-01T09:10:00Z', '00:50', '2026-11-01T07:50:00Z'],
    ['of an hour that will be repeated', '2026-11-01T08:10:00Z', '01:05', '2026-11-01T08:05:00Z'],
    [
      'later than now in the repeated hour was in the first one',
      '2026-11-01T09:10:00Z',
      '01:30',
      '2026-11-01T08:30:00Z',
    ],
    ['of the evening before the clocks went forward', '2026-03-08T10:10:00Z', '23:50', '2026-03-08T07:50:00Z'],
    ['that will be skipped today was yesterday', '2026-03-08T09:50:00Z', '02:30', '2026-03-07T10:30:00Z'],
  ])('a time %s is stored at the right hour', (_, at, time, right) => {
    const { occurredAt, question } = readWritten(`${time} api answers 503`, Date.parse(at), 'America/Los_Angeles')
    expect([occurredAt && new Date(occurredAt).toISOString(), question]).toEqual([right.replace('Z', '.000Z'), null])
  })
  test.each([
    [
      'exists twice',
      '2026-11-01T09:10:00Z',
      '01:05',
      ['2026-11-01T08:05:00Z', '2026-11-01T09:05:00Z'],
      'happens twice',
    ],
    [
      'does not exist',
      '2026-03-08T10:10:00Z',
      '02:30',
      ['2026-03-08T09:59:59Z', '2026-03-08T10:00:00Z'],
      'does not exist',
    ],
    [
      'existed twice yesterday',
      '2026-11-02T08:10:00Z',
      '01:05',
      ['2026-11-01T08:05:00Z', '2026-11-01T09:05:00Z'],
      'twice',
    ],
  ])('a time that %s is asked, never guessed', (_, at, time, choices, says) => {
    const { occurredAt, question } = readWritten(`${time} api answers 503`, Date.parse(at), 'America/Los_Angeles')
    expect(occurredAt).toBeNull()
    expect(question?.choices).toEqual(choices.map((choice) => Date.parse(choice)))
    expect(question?.says).toContain(says)
  })
  test('no note is ever dated ahead or further back than a day and a change of the clocks, and no letter is lost', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        fc.constantFrom('UTC', 'America/Los_Angeles', 'Asia/Kathmandu', 'Pacific/Kiritimati', 'Australia/Lord_Howe'),
        fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) }),
        (words, hour, minute, zone, at) => {
          const typed = `${hour}:${String(minute).padStart(2, '0')} x${words}`
          const { occurredAt, question, text } = readWritten(typed, at, zone)
          const meant = occurredAt === null ? (question?.choices ?? []) : [occurredAt]
          expect(meant.length).toBeGreaterThan(0)
          for (const moment of meant) {
            expect(moment).toBeLessThanOrEqual(at)
            expect(moment).toBeGreaterThan(at - 26 * 3_600_000)
          }
          expect(text).toBe(`x${words}`.trim())
        },
      ),
    )
  })
})
