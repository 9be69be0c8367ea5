import type { HeartbeatMinute } from '../domain/restore-point/marks'
import { type Store, storeError } from './client'

/**
 * Minutes of a span in which heartbeats failed, or after which none was sent for longer than a minute; oldest first. Throws
 * ExpectedError 'store-unavailable'.
 */
export async function readHeartbeatMinutes(
  store: Pick<Store, 'pool'>,
  environment: string,
  fromMs: number,
  toMs: number,
): Promise<HeartbeatMinute[]> {
  try {
    const { rows } = await store.pool.query<{ minute: Date; failed: number; next: Date | null }>(
      `SELECT minute, failed, next FROM (
         SELECT minute, failed, lead(minute) OVER (ORDER BY minute) AS next FROM probe_minute
         WHERE environment = $1 AND minute >= to_timestamp($2::double precision / 1000)
           AND minute <= to_timestamp($3::double precision / 1000)
       ) sent WHERE failed > 0 OR next > minute + interval '1 minute' ORDER BY minute`,
      [environment, fromMs, toMs],
    )
    return rows.map(({ minute, failed, next }) => ({
      minute: minute.getTime(),
      failed,
      next: next?.getTime() ?? null,
    }))
  } catch (error) {
    throw storeError(error)
  }
}
