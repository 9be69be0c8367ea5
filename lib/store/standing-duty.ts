import type { Store } from './client'
import { query } from './query'
import { watchedDays } from './standing-fence'

/** Ended runs that happened and still owe this, newest first. */
export async function runsOwing(
  store: Pick<Store, 'pool'>,
  environment: string,
  obligationId: string,
): Promise<string[]> {
  const { rows } = await query(
    store,
    `SELECT id FROM run WHERE environment = $1 AND state IN ('done', 'stopped') AND mode <> 'dry-run' AND facts ? 'promotedAt'
       AND facts->'obligations' @> jsonb_build_array(jsonb_build_object('id', $2::text, 'state', 'open'))
       AND started_at > clock_timestamp() - make_interval(days => $3)
     ORDER BY started_at DESC LIMIT 20`,
    [environment, obligationId, watchedDays],
  )
  return rows.map(({ id }: { id: string }) => id)
}
