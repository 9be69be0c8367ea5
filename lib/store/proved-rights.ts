import { identityOf } from '../domain/cluster/aws-rights'
import { type Store, storeError } from './client'

/**
 * When the API last accepted this operation in a run of this environment, drills too, ms; null when never. A run fixes the
 * identity (as STS names it) that it acts as; every session of the same role counts as the same.
 */
export async function lastAccepted(
  store: Pick<Store, 'pool'>,
  environment: string,
  operation: string,
  identity: string,
): Promise<number | null> {
  const same = identityOf(identity)
  try {
    const { rows } = await store.pool.query<{ at: Date | null }>(
      `SELECT max(j.outcome_at) AS at FROM effect_journal j JOIN run r ON r.id = j.run_id
       WHERE r.environment = $1 AND j.outcome = 'accepted' AND j.call->>'operation' = $2
         AND CASE WHEN $3 LIKE '%/' THEN starts_with(r.facts->>'identity', $3) ELSE r.facts->>'identity' = $3 END`,
      [environment, operation, same],
    )
    return rows[0]?.at?.getTime() ?? null
  } catch (error) {
    throw storeError(error)
  }
}
