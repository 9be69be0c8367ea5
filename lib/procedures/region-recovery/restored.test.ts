import { expect, test } from 'vitest'
import type { NameMove } from '../steps/names-facts'
import type { RegionFacts } from './facts'
import { regionMeasures, restoredAt } from './measures'

const move = (movedAt: number | null): NameMove => ({
  ...{ use: 'database', zoneId: 'Z1', way: 'rrset', closed: [], records: [], unread: null, changes: [], check: null },
  ...{ version: null, switchObject: null, leads: { from: null, to: null }, ttlSeconds: null, movedAt },
})
const whole: RegionFacts = { writesSince: 1_000, podsSince: 3_000, application: 'full' }

test.each<[string, RegionFacts, number | null]>([
  ['before anything', {}, null],
  ['while writes fail', { ...whole, writesSince: null }, null],
  ['while not all pods run', { ...whole, application: 'started' }, null],
  ['where the application was not started by the run', { writesSince: 1_000 }, null],
  ['with all pods and no configured name', whole, 3_000],
  ['when names lead there last', { ...whole, moves: { db: move(2_000), api: move(5_000) } }, 5_000],
  ['when pods are ready last', { ...whole, moves: { db: move(2_000) } }, 3_000],
  ['while a name still leads home', { ...whole, moves: { db: move(2_000), api: move(null) } }, null],
])('the application is back %s', (_, facts, at) => {
  expect(restoredAt(facts)).toBe(at)
  expect(regionMeasures.of(facts).find(({ clock }) => clock === 'restoredAt')?.value).toBe(at)
})
