import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readWritten } from './story'

const now = Date.parse('2026-11-22T03:23:46Z')

describe('what a person writes', () => {
  test('a leading command says what it is', () => {
    expect(readWritten('/decision we do not wait', now, 0)).toEqual({
      kind: 'decision',
      text: 'we do not wait',
      occurredAt: null,
    })
  })
  test('a leading time dates it back on the writer’s clock', () => {
    const written = readWritten('19:12:50 api answers 503', now, -480)
    expect(written.occurredAt).toBe(Date.parse('2026-11-22T03:12:50Z'))
    expect(written.text).toBe('api answers 503')
  })
  test('a time later than now was yesterday', () => {
    expect(readWritten('23:50 first complaint', now, 0).occurredAt).toBe(Date.parse('2026-11-21T23:50:00Z'))
  })
  test('a ratio or a lone time is text', () => {
    expect(readWritten('2:1 vote', now, 0)).toMatchObject({ text: '2:1 vote', occurredAt: null })
    expect(readWritten('03:12', now, 0)).toMatchObject({ text: '03:12', occurredAt: null })
  })
  test('no note is ever dated ahead or more than a day back, and no letter is lost', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        fc.integer({ min: -720, max: 840 }),
        (words, hour, minute, offset) => {
          const typed = `${hour}:${String(minute).padStart(2, '0')} x${words}`
          const { occurredAt, text } = readWritten(typed, now, offset)
          expect(occurredAt).not.toBeNull()
          expect(occurredAt as number).toBeLessThanOrEqual(now)
          expect(occurredAt as number).toBeGreaterThan(now - 86_400_000)
          expect(text).toBe(`x${words}`.trim())
        },
      ),
    )
  })
})
