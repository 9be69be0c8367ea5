import type { Store } from './client'
import { query } from './query'

/** Does an active run of this environment hold traffic in the pooler: was that step begun, and traffic not resumed? */
export async function runHoldsTraffic(store: Pick<Store, 'pool'>, environment: string): Promise<boolean> {
  const { rows } = await query(
    store,
    `SELECT EXISTS (SELECT 1 FROM run r JOIN run_step h ON h.run_id = r.id AND h.step_id = 'hold-traffic'
       WHERE r.environment = $1 AND r.state NOT IN ('stopped', 'done', 'aborted')
         AND h.state NOT IN ('pending', 'checking', 'skipped', 'undone')
         AND NOT EXISTS (SELECT 1 FROM run_step s WHERE s.run_id = r.id AND s.step_id = 'switch-pooler'
           AND s.state IN ('confirmed', 'already-so', 'skipped'))) AS holds`,
    [environment],
  )
  return rows[0]?.holds === true
}
