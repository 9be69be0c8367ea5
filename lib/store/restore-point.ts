import type { HeartbeatMinute } from '../domain/restore-point/marks'
import { type Narrowed, narrowedSchema } from '../domain/restore-point/narrowed'
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

/**
 * What searches for the moment of damage have found since a time, newest first; none after which rows were merged back or a copy
 * was opened, since the damage of then is repaired, and none about damage that a person has dismissed since. Throws ExpectedError
 * 'store-unavailable'.
 */
export async function readNarrowed(
  store: Pick<Store, 'pool'>,
  environment: string,
  fromMs: number,
): Promise<Narrowed[]> {
  try {
    const { rows } = await store.pool.query<{ narrowed: unknown }>(
      `SELECT facts->'narrowed' AS narrowed FROM run r
       WHERE environment = $1 AND mode <> 'dry-run' AND facts ? 'narrowed' AND started_at >= to_timestamp($2::float8 / 1000)
         AND NOT EXISTS (SELECT FROM run later WHERE later.environment = r.environment AND later.started_at > r.started_at
           AND later.mode <> 'dry-run'
           AND (jsonb_typeof(later.facts->'openedAt') = 'number' OR jsonb_typeof(later.facts->'merged') = 'object'))
         AND NOT EXISTS (SELECT FROM damage d, LATERAL (
             SELECT min((sign->>'firstBadAt')::float8) AS bad, min(COALESCE((sign->>'lastGoodAt')::float8, 0)) AS good
             FROM jsonb_array_elements(d.signs) AS sign) found
           WHERE d.environment = r.environment AND d.dismissed_at > r.started_at
             AND found.bad > COALESCE((facts#>>'{narrowed,goodAt}')::float8, 0)
             AND found.good < (facts#>>'{narrowed,badAt}')::float8)
       ORDER BY started_at DESC LIMIT 5`,
      [environment, fromMs],
    )
    return rows.flatMap(({ narrowed }) => narrowedSchema.safeParse(narrowed).data ?? [])
  } catch (error) {
    throw storeError(error)
  }
}
