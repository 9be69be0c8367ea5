// Several pieces of damage are inside the window: the point is before the one that the incident is about, and says why.
import { describe, expect, it } from 'vitest'
import { damageAbout, otherDamageIn, type PointDamage, pointSuggestion } from './about'
import { noDamage, type PointLimits } from './window'

const second = 1_000
const minute = 60 * second
const now = Date.UTC(2026, 10, 29, 12)
const window: PointLimits['window'] = {
  ...{ known: true, earliestAt: now - 60 * minute, earliestSaid: true, latestAt: now - minute },
  ...{ retentionDays: 1, observedAt: now },
}
const finding = (kind: 'deletion' | 'corruption', lastGoodAt: number | null, firstBadAt: number) => ({
  ...{ kind, lastGoodAt, firstBadAt },
  signs: [],
})
const dropped = finding('deletion', now - 40 * minute, now - 39 * minute)
const garbled = finding('corruption', now - 10 * minute, now - 9 * minute)

describe('what an incident is about', () => {
  it('is the damage of its scenario, and the rest is other damage', () => {
    expect(damageAbout([dropped, garbled], 'S2')).toEqual({ about: [garbled], others: [dropped] })
    expect(damageAbout([dropped, garbled], 'S4')).toEqual({ about: [dropped], others: [garbled] })
  })
  it('is all of it where the scenario names none, or there is no incident', () => {
    for (const scenario of ['S1', null])
      expect(damageAbout([dropped, garbled], scenario)).toEqual({ about: [dropped, garbled], others: [] })
  })
})

describe('the suggested point', () => {
  const says = 'Values are garbled.'
  const of = (damage: PointLimits['damage'], some: PointDamage[] = [{ ...damage, says }]) =>
    pointSuggestion({ window, damage, now }, some)
  it('is the last known good, the second before the damage, or the newest, with the reason', () => {
    expect(of(garbled)).toEqual({
      at: garbled.lastGoodAt,
      why: 'The data was last known to be good then. Values are garbled.',
    })
    expect(of({ ...garbled, lastGoodAt: null })).toEqual({
      at: garbled.firstBadAt - second,
      why: 'The damage was first seen after that second. Values are garbled.',
    })
    expect(of(noDamage, [])).toEqual({
      at: now - minute,
      why: 'It is the latest restorable time: no damage is known.',
    })
  })
  it('is none, with both times, where the damage is older than the window', () => {
    const old = of({ lastGoodAt: null, firstBadAt: now - 90 * minute })
    expect(old.at).toBeNull()
    expect(old.why).toContain('No point inside the restore window is before the damage.')
    expect(old.why).toContain('2026-11-29 10:30:00 UTC')
  })
})

it('other damage that the copy contains or may contain is named, and what came after the point is not', () => {
  const lastGoodAt = now - 40 * minute
  const other = { lastGoodAt, firstBadAt: now - 39 * minute, says: 'A table was dropped.' }
  expect(otherDamageIn(now - 20 * minute, [other])[0]).toContain('will contain other damage')
  expect(otherDamageIn(lastGoodAt + second, [other])[0]).toContain('may contain other damage')
  expect(otherDamageIn(lastGoodAt, [other])).toEqual([])
})
