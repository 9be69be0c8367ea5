import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BackupView, Reading } from '../cluster/types'
import {
  boundsOfAll,
  choosable,
  estimatedLossMs,
  latestExplained,
  noDamage,
  type PointLimits,
  pointCaution,
  pointProblem,
  secondBefore,
  suggestedPoint,
  windowOf,
} from './window'

const at = (text: string) => Date.parse(`2026-09-08T${text}Z`)
const window = {
  known: true as const,
  earliestAt: at('01:00:00.500'),
  earliestSaid: true,
  latestAt: at('21:16:58.250'),
  retentionDays: 7,
  observedAt: at('21:20:00'),
}
const limits: PointLimits = { window, damage: noDamage, now: at('21:21:30') }
const damage = { lastGoodAt: at('21:02:07.400'), firstBadAt: at('21:02:11.482') }

test('what cannot be restored to is refused with both bounds', () => {
  const bounds = 'Choose a time from 2026-09-08 01:00:01 UTC to 2026-09-08 21:16:58 UTC.'
  expect(pointProblem(at('21:30:00'), limits)).toBe(`2026-09-08 21:30:00 UTC is in the future. ${bounds}`)
  expect(pointProblem(at('21:17:00'), limits)).toBe(
    `2026-09-08 21:17:00 UTC is after the latest restorable time. ${bounds}`,
  )
  expect(pointProblem(at('00:59:59'), limits)).toBe(`2026-09-08 00:59:59 UTC is before the restore window. ${bounds}`)
  expect(pointProblem(at('21:02:11'), { ...limits, damage })).toBe(
    '2026-09-08 21:02:11 UTC is not before the damage, which was first seen at 2026-09-08 21:02:11.482 UTC. ' +
      'Choose a time from 2026-09-08 01:00:01 UTC to 2026-09-08 21:02:10 UTC.',
  )
})

test('both ends of the window: the earliest time itself is outside, the latest inside to its fraction', () => {
  const good = ['01:00:01', '12:00:00', '21:16:58', '21:16:58.250'].map((time) => pointProblem(at(time), limits))
  expect(good).toEqual([null, null, null, null])
  expect(pointProblem(at('21:16:58.251'), limits)).toContain('21:16:58.251 UTC is after the latest restorable time')
  for (const time of ['01:00:00', '01:00:00.500', '21:16:58.251']) expect(pointProblem(at(time), limits)).not.toBeNull()
})

test('whatever bounds are said can be chosen, and nothing beside them', () => {
  const moment = fc.integer({ min: at('00:00:00'), max: at('23:59:59') })
  fc.assert(
    fc.property(moment, moment, moment, fc.option(moment), moment, (a, b, now, firstBadAt, point) => {
      const damaged = { lastGoodAt: null, firstBadAt }
      const [earliestAt, latestAt] = [Math.min(a, b), Math.max(a, b)]
      const all: PointLimits = {
        window: { ...window, earliestAt, latestAt },
        damage: damaged,
        now: Math.max(now, latestAt),
      }
      const { first, last } = choosable({ ...window, earliestAt, latestAt })
      const allowed = point >= first && point <= latestAt && (firstBadAt === null || point <= secondBefore(firstBadAt))
      expect(pointProblem(point, all) === null).toBe(allowed)
      const said = pointProblem(at('00:00:00') - 1, all)?.match(/from (.*) UTC to (.*) UTC/)
      for (const bound of said?.slice(1) ?? [])
        expect(pointProblem(Date.parse(`${bound.replace(' ', 'T')}Z`), all)).toBeNull()
      const suggested = suggestedPoint(all)
      const possible = first <= (firstBadAt === null ? last : Math.min(last, secondBefore(firstBadAt)))
      expect(suggested !== null && pointProblem(suggested, all) === null).toBe(possible)
    }),
  )
})

test('between the last good and the first bad sample the copy may contain the damage', () => {
  expect(pointCaution(at('21:02:07'), damage)).toBeNull()
  expect(pointCaution(at('21:02:10'), damage)).toBe(
    'The damage happened between 2026-09-08 21:02:07.400 UTC and 2026-09-08 21:02:11.482 UTC. The copy may contain it.',
  )
  expect(pointCaution(at('21:02:10'), { ...damage, firstBadAt: null })).toContain('last known to be good')
  expect(pointCaution(at('21:02:10'), noDamage)).toBeNull()
})

test('of several findings the earliest bounds count, and what one cannot tell is unknown', () => {
  const later = { lastGoodAt: at('21:10:00'), firstBadAt: at('21:11:00') }
  expect(boundsOfAll([later, damage])).toEqual(damage)
  expect(boundsOfAll([later, { ...damage, lastGoodAt: null }])).toEqual({ ...damage, lastGoodAt: null })
  expect(boundsOfAll([])).toEqual(noDamage)
})

test('the last known good is suggested first, then the second before the damage, then the newest', () => {
  expect(suggestedPoint({ ...limits, damage })).toBe(at('21:02:07'))
  expect(suggestedPoint({ ...limits, damage: { ...damage, lastGoodAt: null } })).toBe(at('21:02:10'))
  expect(suggestedPoint(limits)).toBe(at('21:16:58'))
  expect(suggestedPoint({ ...limits, damage: { lastGoodAt: at('00:10:00'), firstBadAt: at('00:20:00') } })).toBeNull()
})

test('a window that is not known says why, and nothing is checked against it', () => {
  const reading = (value: BackupView | null, error: string | null = null): Reading<BackupView> => ({
    value,
    error,
    observedAt: 1,
    everyMs: 1000,
    failingSince: null,
  })
  const backups = { retentionDays: 7, earliestRestorableAt: 1, latestRestorableAt: 2 }
  const whys = [
    windowOf(null),
    windowOf(reading(null, 'RDS did not respond.')),
    windowOf(reading({ ...backups, retentionDays: 0 })),
    windowOf(reading({ ...backups, latestRestorableAt: null })),
  ].map((unknown) => (unknown.known ? 'known' : unknown.why))
  expect(whys).toEqual([
    'The collector has not read the backups of the database yet.',
    'RDS did not respond.',
    'Automated backups are turned off.',
    'RDS returned no latest restorable time.',
  ])
  expect(windowOf(reading(backups))).toMatchObject({ known: true, earliestAt: 1, earliestSaid: true, latestAt: 2 })
  expect(pointProblem(5, { ...limits, window: { known: false, why: 'RDS did not respond.' } })).toContain(
    'did not respond',
  )
})

test('where RDS does not say the earliest time, nothing older than its retention can be chosen', () => {
  const value = { retentionDays: 1, earliestRestorableAt: null, latestRestorableAt: window.latestAt }
  const found = windowOf({ value, error: null, observedAt: 1, everyMs: 1000, failingSince: null })
  expect(found).toMatchObject({ known: true, earliestAt: window.latestAt - 86_400_000, earliestSaid: false })
  expect(pointProblem(window.latestAt - 86_400_001, { ...limits, window: found })).toContain(
    'before the restore window',
  )
})

test('an old latest restorable time is explained: an idle database, or an archive that is late', () => {
  const now = at('22:00:00')
  expect(latestExplained(window, null, at('21:26:00'))).toBeNull()
  expect(latestExplained(window, at('21:17:30'), now)).toBe(
    'The latest restorable time is 43 min old. It does not advance while nothing is written, so on an idle database no write is missing.',
  )
  expect(latestExplained(window, at('21:59:59'), now)).toContain('WAL archiving is late')
})

test('a cutover leaves out the writes from the point to the last one', () => {
  expect(estimatedLossMs(at('21:02:10'), at('21:02:40'), limits.now)).toBe(30_000)
  expect(estimatedLossMs(at('21:02:10'), null, limits.now)).toBe(1_160_000)
  expect(estimatedLossMs(at('21:02:10'), at('21:00:00'), limits.now)).toBe(0)
})
