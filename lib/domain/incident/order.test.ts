import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inOrder, isWrittenLater, justWritten, openingOffset } from './order'

const entry = (id: number, occurredAt: number, recordedAt = occurredAt, by = 'ann', kind = 'note' as const) => ({
  id: String(id),
  kind,
  occurredAt,
  recordedAt,
  actor: { id: by },
})

describe('the timeline', () => {
  // Written in this order: the third tells of what happened before the second.
  const entries = [entry(1, 1_000), entry(2, 60_000), entry(3, 30_000, 90_000)]
  const ids = (of: { id: string }[]) => of.map(({ id }) => id)

  it('is in the order of events, newest first, or of writing', () => {
    expect(ids(inOrder('events', entries))).toEqual(['2', '3', '1'])
    expect(ids(inOrder('written', entries))).toEqual(['3', '2', '1'])
    expect(ids(inOrder('events', [entry(4, 5), entry(5, 5)]))).toEqual(['5', '4'])
  })

  it('stays in order however its pages arrive', () => {
    const any = fc.array(fc.record({ occurredAt: fc.nat(100), recordedAt: fc.nat(100) }), { maxLength: 20 })
    fc.assert(
      fc.property(any, (all) => {
        const sorted = inOrder(
          'events',
          all.map((one, id) => ({ id: String(id), ...one })),
        )
        for (const [i, one] of sorted.entries())
          expect(one.occurredAt).toBeGreaterThanOrEqual(sorted[i + 1]?.occurredAt ?? 0)
      }),
    )
  })

  it('marks what was written later, and not what only took a moment', () => {
    expect(entries.map(isWrittenLater)).toEqual([false, false, true])
    expect(isWrittenLater({ occurredAt: 1_000, recordedAt: 2_500 })).toBe(false)
  })

  it('opens at its newest entry, before it is known how high it is and afterwards', () => {
    for (const height of [0, 53, 600]) expect(openingOffset(0, 53, height)).toBe(0)
    expect(openingOffset(40, 53, 600)).toBe(40 * 53 - (600 - 53) / 2)
    expect(openingOffset(1, 53, 600)).toBe(0)
  })

  it('knows what somebody has just written, and nobody else', () => {
    const own = { by: 'ann', at: 100_000 }
    expect(justWritten([...entries, entry(4, 99_000, 99_500, 'bo')], own)?.id).toBe('3')
    expect(justWritten([entry(1, 1_000)], own)).toBeNull()
    expect(justWritten([...entries, entry(9, 2_000, 100_500)], own)?.id).toBe('9')
  })
})
