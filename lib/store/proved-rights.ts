import { type Store, storeError } from './client'

/** When the API last accepted this operation in a run of this environment that fixed these facts, drills too, ms; null when never. */
export async function lastAccepted(
  store: Pick<Store, 'pool'>,
  environment: string,
  operation: string,
  known: { [fact: string]: string },
): Promise<number | null> {
  try {
    const { rows } = await store.pool.query<{ at: Date | null }>(
      `SELECT max(j.outcome_at) AS at FROM effect_journal j JOIN run r ON r.id = j.run_id
       WHERE r.environment = $1 AND j.outcome = 'accepted' AND j.call->>'operation' = $2 AND r.facts @> $3::jsonb`,
      [environment, operation, JSON.stringify(known)],
    )
    return rows[0]?.at?.getTime() ?? null
  } catch (error) {
    throw storeError(error)
  }
}
