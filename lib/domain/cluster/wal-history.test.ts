/** The database under the guarded name becomes another one: upgraded to a new major version, or restored under the old name. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bestKnownPosition, type WriterObservation } from './position'
import { WalClock } from './wal-clock'
import { followHistory, ofOtherDatabase, type WalHistory } from './wal-history'

const unknown: WalHistory = { systemId: null, resourceId: null }
const told = fc.record({
  systemId: fc.constantFrom(null, 'A', 'B'),
  resourceId: fc.constantFrom(null, 'cluster-1', 'cluster-2'),
})

describe('a history', () => {
  test('begins by another identity alone, once, and never by silence', () => {
    fc.assert(
      fc.property(fc.array(told), told, (before, now) => {
        const known = before.reduce((history, one) => followHistory(history, one).history, unknown)
        const { begins, history } = followHistory(known, now)
        const other = (key: keyof WalHistory) => known[key] !== null && now[key] !== null && known[key] !== now[key]
        expect(begins).toBe(other('systemId') || other('resourceId'))
        expect(followHistory(history, now)).toEqual({ begins: false, history })
        expect(followHistory(history, unknown)).toEqual({ begins: false, history })
      }),
    )
  })

  test('that begins makes smaller timelines and positions count; within one, they stay the past', () => {
    const answer = fc.record({
      systemId: fc.constantFrom('A', 'B'),
      timeline: fc.integer({ min: 1, max: 4 }),
      lsn: fc.bigInt({ min: 1n, max: 1000n }),
    })
    fc.assert(
      fc.property(fc.array(answer, { minLength: 1 }), (answers) => {
        const clock = new WalClock(100)
        let known = unknown
        let position: WriterObservation | null = null
        let since = 0
        answers.forEach(({ systemId, timeline, lsn }, i) => {
          const { begins, history } = followHistory(known, { systemId, resourceId: null })
          known = history
          if (begins) {
            since = i
            position = null
            clock.forget()
          }
          const observation = { at: i, lsn, timeline, systemId, from: 'its own answer' }
          position = bestKnownPosition([...(position ? [position] : []), observation])
          clock.push(lsn, i, timeline)
          // As a collector that had started with this history would see it.
          const own = answers.slice(since, i + 1)
          const newest = Math.max(...own.map((a) => a.timeline))
          const greatest = own
            .filter((a) => a.timeline === newest)
            .map((a) => a.lsn)
            .toSorted((a, b) => Number(b - a))[0]
          expect(position).toMatchObject({ systemId, timeline: newest, lsn: greatest })
          expect(clock.timeline).toBe(newest)
          if (begins) expect(clock.newest()).toEqual({ lsn, at: i })
        })
      }),
    )
  })

  test('of which nobody told is not held to be another', () => {
    expect(ofOtherDatabase({ systemId: 'A' }, { systemId: 'B' })).toBe(true)
    expect(ofOtherDatabase({ systemId: 'A' }, { systemId: 'A' })).toBe(false)
    expect(ofOtherDatabase({ systemId: null }, { systemId: 'B' })).toBe(false)
    expect(ofOtherDatabase({}, { systemId: 'B' })).toBe(false)
    expect(ofOtherDatabase(null, { systemId: 'B' })).toBe(false)
  })
})
