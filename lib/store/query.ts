import type pg from 'pg'
import { type Store, storeError } from './client'

/** A named statement is planned once for each connection: those of each piece of work are. */
export const query = async (
  store: Pick<Store, 'pool'>,
  text: string,
  values: unknown[],
  name?: string,
): Promise<pg.QueryResult> => {
  try {
    return await store.pool.query({ name, text, values })
  } catch (error) {
    throw storeError(error)
  }
}
