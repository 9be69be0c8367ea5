import type pg from 'pg'
import { type Store, storeError } from './client'

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

/**
 * Calls a function of the store, each value by the name of its parameter without the `p_` that all have, and answers the row of its
 * results. `planned`: it is called often, and planned once for each connection. Throws as `query` does.
 */
export async function call<Row>(
  store: Pick<Store, 'pool'>,
  name: string,
  values: Readonly<Record<string, unknown>>,
  planned = false,
): Promise<Row | undefined> {
  const named = Object.keys(values).map((parameter, i) => `p_${parameter} => $${i + 1}`)
  const text = `SELECT * FROM ${name}(${named.join(', ')})`
  return (await query(store, text, Object.values(values), planned ? name : undefined)).rows[0]
}

/** The same for a function with one result. */
export async function ask<Answer>(...of: Parameters<typeof call>): Promise<Answer | null> {
  return (await call<Record<string, Answer>>(...of))?.[of[1]] ?? null
}
