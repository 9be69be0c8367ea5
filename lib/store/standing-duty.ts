import type { Store } from './client'
import { query } from './query'
import { watchedDays } from './standing-fence'

/** Ended runs that happened and still owe something whose id begins so, newest first. */
export async function runsOwing(store: Pick<Store, 'pool'>, environment: string, idBegins: string): Promise<string[]> {
  const { rows } = await query(
    store,
    `SELECT id FROM run WHERE environment = $1 AND state IN ('done', 'stopped') AND mode <> 'dry-run' AND facts ? 'promotedAt'
       AND EXISTS (SELECT 1 FROM jsonb_array_elements(facts->'obligations') AS o WHERE starts_with(o->>'id', $2) AND o->>'state' = 'open')
       AND started_at > clock_timestamp() - make_interval(days => $3)
     ORDER BY started_at DESC LIMIT 20`,
    [environment, idBegins, watchedDays],
  )
  return rows.map(({ id }: { id: string }) => id)
}
