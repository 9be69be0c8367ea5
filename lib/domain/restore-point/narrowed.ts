import { z } from 'zod'
import { hours } from '../units'
import type { DamageBounds } from './window'

/** What a search for the moment of damage has found: the damage was done after `goodAt` and not later than `badAt`, ms. */
export const narrowedSchema = z.object({
  /** Null where even the earliest copy was damaged. */
  goodAt: z.number().nullable(),
  badAt: z.number(),
  foundAt: z.number(),
})
export type Narrowed = z.output<typeof narrowedSchema>

/** While nothing else tells of damage, a search speaks of the present for this long, ms. */
const freshMs = hours(24)

/**
 * The bounds of the damage with what searches have found, newest first: the first that speaks of the same damage makes them
 * narrower. Without any finding a fresh search is all that is known.
 */
export function withNarrowed(bounds: DamageBounds, searches: readonly Narrowed[], now: number): DamageBounds {
  const { lastGoodAt, firstBadAt } = bounds
  if (lastGoodAt === null && firstBadAt === null) {
    const [newest] = searches
    return newest && now - newest.foundAt < freshMs ? { lastGoodAt: newest.goodAt, firstBadAt: newest.badAt } : bounds
  }
  for (const { goodAt, badAt } of searches) {
    const good = Math.max(lastGoodAt ?? Number.NEGATIVE_INFINITY, goodAt ?? Number.NEGATIVE_INFINITY)
    const bad = Math.min(firstBadAt ?? Number.POSITIVE_INFINITY, badAt)
    if (good < bad) return { lastGoodAt: Number.isFinite(good) ? good : null, firstBadAt: bad }
  }
  return bounds
}
