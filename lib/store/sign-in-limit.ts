import type { GuessingLimit } from '../domain/people/guessing'
import type { Db } from './client'

export interface Counted {
  failures: number
  /** Milliseconds until the window ends and counting starts anew. */
  endsInMs: number
}

/**
 * Counts one attempt under a key and tells how many there are in its window, in one statement on the store's clock: right
 * for any number of web processes.
 */
export async function countAttempt(db: Db, key: string, limit: GuessingLimit): Promise<Counted> {
  const rows = await db.$queryRaw<{ failures: number; ends_in_ms: number }[]>`
    INSERT INTO sign_in_limit AS l (key, failures, window_end)
    VALUES (${key}, 1, clock_timestamp() + ${limit.windowMs}::int * interval '1 millisecond')
    ON CONFLICT (key) DO UPDATE SET
      failures = CASE WHEN l.window_end <= clock_timestamp() THEN 1 ELSE l.failures + 1 END,
      window_end = CASE WHEN l.window_end <= clock_timestamp() THEN excluded.window_end ELSE l.window_end END
    RETURNING failures, (extract(epoch FROM window_end - clock_timestamp()) * 1000)::int AS ends_in_ms`
  const row = rows[0]
  if (!row) throw new Error('Counting an attempt returned nothing.')
  return { failures: row.failures, endsInMs: row.ends_in_ms }
}

/** Takes counts back after a right password: the pair starts anew, the shared keys lose this one attempt. */
export async function takeBack(db: Db, pairKey: string, sharedKeys: string[]): Promise<void> {
  await db.signInLimit.deleteMany({ where: { key: pairKey } })
  await db.signInLimit.updateMany({
    where: { key: { in: sharedKeys }, failures: { gt: 0 } },
    data: { failures: { decrement: 1 } },
  })
}
