import type { TrafficGate } from '../domain/run/traffic'
import type { Store } from './client'
import { query } from './query'

/** Does an active run of this environment hold traffic in the pooler: was such a step begun, and traffic not released? */
export async function runHoldsTraffic(
  store: Pick<Store, 'pool'>,
  environment: string,
  gates: readonly TrafficGate[],
): Promise<boolean> {
  const { rows } = await query(
    store,
    `SELECT EXISTS (SELECT 1 FROM run r
       JOIN jsonb_to_recordset($2::jsonb) AS g("procedureId" text, holds jsonb, releases jsonb) ON g."procedureId" = r.procedure_id
       JOIN run_step h ON h.run_id = r.id AND g.holds ? h.step_id
       WHERE r.environment = $1 AND r.state NOT IN ('stopped', 'done', 'aborted')
         AND h.state NOT IN ('pending', 'checking', 'skipped', 'undone')
         AND NOT EXISTS (SELECT 1 FROM run_step s WHERE s.run_id = r.id AND g.releases ? s.step_id
           AND s.state IN ('confirmed', 'already-so', 'skipped'))) AS holds`,
    [environment, JSON.stringify(gates)],
  )
  return rows[0]?.holds === true
}
