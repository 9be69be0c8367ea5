import { type RateName, rates, tooOften } from '../domain/admission'
import type { Store } from './client'
import { query } from './query'

/**
 * Counts one more of a kind for a person, across all web processes. Throws ExpectedError 'too-many-attempts' with when to
 * try again, and 'store-unavailable'.
 */
export async function admit(store: Pick<Store, 'pool'>, name: RateName, personId: string): Promise<void> {
  const rate = rates[name]
  const { rows } = await query(store, 'SELECT admit($1, $2, $3) AS wait_ms', [
    `${name}/${personId}`,
    rate.burst,
    rate.everyMs,
  ])
  const waitMs = Number(rows[0]?.wait_ms)
  if (waitMs > 0) throw tooOften(rate, waitMs)
}
