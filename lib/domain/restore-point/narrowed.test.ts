// A search has narrowed the time of the damage: the axis shows that, as long as it speaks of the damage of now.
import { describe, expect, it } from 'vitest'
import { type Narrowed, withNarrowed } from './narrowed'
import { noDamage } from './window'

const hour = 3_600_000
const now = Date.UTC(2026, 10, 29, 12)
const search: Narrowed = { goodAt: now - 5 * hour, badAt: now - 4.9 * hour, foundAt: now - hour }

describe('the bounds of the damage', () => {
  it('are those of the search where nothing else is known', () => {
    expect(withNarrowed(noDamage, [search], now)).toEqual({ lastGoodAt: search.goodAt, firstBadAt: search.badAt })
  })
  it('are not those of a search of days ago, which would refuse every later point', () => {
    expect(withNarrowed(noDamage, [{ ...search, foundAt: now - 25 * hour }], now)).toEqual(noDamage)
  })
  it('become narrower where the search looked for the damage that was found', () => {
    const found = { lastGoodAt: now - 8 * hour, firstBadAt: now - 2 * hour }
    expect(withNarrowed(found, [search], now)).toEqual({ lastGoodAt: search.goodAt, firstBadAt: search.badAt })
    expect(withNarrowed({ ...found, lastGoodAt: null }, [{ ...search, goodAt: null }], now)).toEqual({
      lastGoodAt: null,
      firstBadAt: search.badAt,
    })
  })
  it('stay as they are where the search looked for other damage, and an older one may fit', () => {
    const later = { lastGoodAt: now - 2 * hour, firstBadAt: now - hour }
    expect(withNarrowed(later, [search], now)).toEqual(later)
    const fits = { goodAt: now - 1.5 * hour, badAt: now - 1.4 * hour, foundAt: now - 1.2 * hour }
    expect(withNarrowed(later, [search, fits], now)).toEqual({ lastGoodAt: fits.goodAt, firstBadAt: fits.badAt })
  })
})
