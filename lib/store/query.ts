import type pg from 'pg'
import { type Store, storeError } from './client'

/** PostgreSQL ended one of two that waited for each other: nothing of the statement stands, so it may simply be repeated. */
const deadlock = '40P01'

/**
 * One statement, which is a transaction of its own. A named one is planned once for each connection: those of each piece of
 * work are. Throws ExpectedError 'store-unavailable'.
 */
export const query = async (
  store: Pick<Store, 'pool'>,
  text: string,
  values: unknown[],
  name?: string,
): Promise<pg.QueryResult> => {
  for (let attempt = 1; ; attempt++)
    try {
      return await store.pool.query({ name, text, values })
    } catch (error) {
      if ((error as { code?: unknown }).code !== deadlock || attempt === 3) throw storeError(error)
    }
}
