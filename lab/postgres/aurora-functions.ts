import { shapeOf } from '../aws/shape'
import type { Lab, LabContext, LabSecrets } from '../contract'
import { withClient } from './sql'

/**
 * What Aurora's servers tell and PostgreSQL's do not, in Aurora's shape. The servers behind the lab are PostgreSQL: lag is that
 * of their streams, and only the writer knows of the others; the name of a server is its cluster_name, as the lab sets it.
 */
const replicaStatus = `CREATE OR REPLACE FUNCTION public.aurora_replica_status()
RETURNS TABLE (server_id text, session_id text, durable_lsn bigint, highest_lsn_rcvd bigint, replica_lag_in_msec integer,
  last_update_timestamp timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT current_setting('cluster_name'), 'MASTER_SESSION_ID', w.durable, NULL::bigint, NULL::integer, clock_timestamp()
  FROM (SELECT CASE WHEN NOT pg_is_in_recovery() THEN (pg_current_wal_flush_lsn() - '0/0')::bigint END AS durable) w
  WHERE w.durable IS NOT NULL
  UNION ALL
  SELECT r.application_name, md5(r.application_name || r.backend_start), (r.flush_lsn - '0/0')::bigint,
    (r.write_lsn - '0/0')::bigint, (extract(epoch FROM COALESCE(r.replay_lag, '0')) * 1000)::integer, r.reply_time
  FROM pg_stat_replication r WHERE r.state = 'streaming'
$$`

/** Gives the lab's databases Aurora's own functions; readers get them through the log. */
export const addAuroraFunctions = ({ cluster }: LabContext, secrets: Pick<LabSecrets, 'adminPassword'>) =>
  withClient(
    cluster.writerEndpoint,
    { user: cluster.masterUsername, password: secrets.adminPassword, database: cluster.databaseName },
    (client) => client.query(replicaStatus),
  )

/** A lab in Aurora's shape has them from its start on. */
export function registerAuroraFunctions({
  context,
  secrets,
  addPart,
}: Pick<Lab, 'context' | 'secrets' | 'addPart'>): void {
  if (shapeOf(context) === 'aurora') addPart({ start: () => addAuroraFunctions(context, secrets).then(() => {}) })
}
