import type pg from 'pg'
import { storeError } from './client'

/** PostgreSQL ended one of two that waited for each other: nothing of the statement remains, so it may be repeated. */
const deadlock = '40P01'
/**
 * A row was locked for longer than this connection waits, such as the record's head by a transaction that stalls. The
 * statement let go of everything that it held itself, and is repeated: its outcome must not be lost.
 */
const lockTimeout = '55P03'
/** For how long a lock is waited for in all, ms. Idle transactions are ended by the server before that. */
const lockPatienceMs = 20_000

/**
 * One statement, which is a transaction of its own. A named one is planned once for each connection: those of each piece of
 * work are. Throws ExpectedError 'store-unavailable'.
 */
export const query = async (
  store: { pool: Pick<pg.ClientBase, 'query'> },
  text: string,
  values: unknown[],
  name?: string,
): Promise<pg.QueryResult> => {
  const begun = performance.now()
  for (let attempt = 1; ; attempt++)
    try {
      return await store.pool.query({ name, text, values })
    } catch (error) {
      const { code } = error as { code?: unknown }
      const again =
        (code === deadlock && attempt < 3) || (code === lockTimeout && performance.now() - begun < lockPatienceMs)
      if (!again) throw storeError(error)
    }
}
