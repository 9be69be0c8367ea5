import type { AuroraReplica } from '../../domain/cluster/aurora'
import type { BlockingView, Heartbeat, NodePosition, SlotView } from '../../domain/cluster/types'
import type { ReplicationRow } from '../../ports/database'

/**
 * The queries of section 3 of the procedures. Positions leave the server as decimal text of WAL bytes and times as
 * milliseconds, so that nothing is lost in JavaScript's numbers and no time zone is involved.
 */
type Row = Record<string, unknown>

const bytes = (lsn: string) => `(${lsn} - '0/0'::pg_lsn)::text`
const millis = (time: string) => `(extract(epoch FROM ${time}) * 1000)::float8`

const textArray = (names: readonly string[]) =>
  `ARRAY[${names.map((name) => `'${name.replaceAll("'", "''")}'`).join(', ')}]::name[]`

/** Sessions of clients, and how many of them are the application's; null where its roles are not named. */
const head = (standby: string, applicationRoles: readonly string[]) => `
  ${standby} AS standby,
  ${millis('clock_timestamp()')} AS at,
  current_setting('server_version') AS version,
  current_setting('transaction_read_only') = 'on' AS read_only,
  current_setting('max_connections')::int AS connection_limit,
  (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
  ${applicationRoles.length === 0 ? 'NULL::int' : `(SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename = ANY (${textArray(applicationRoles)}))`} AS application_sessions`

/**
 * Q1. The receive position restarts at a segment's start after a standby's restart, so the greatest of received and
 * replayed is taken. The timeline of a writer is read from the name of its WAL file: the control file shows the old one
 * until the first checkpoint after a promotion.
 */
export function positionQuery(
  withBeat: boolean,
  withSystem: boolean,
  applicationRoles: readonly string[] = [],
): string {
  return `SELECT ${head('r.standby', applicationRoles)},
  CASE WHEN NOT r.standby THEN ${bytes('pg_current_wal_flush_lsn()')} END AS flush_lsn,
  CASE WHEN r.standby THEN ${bytes('GREATEST(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())')} END AS have_lsn,
  CASE WHEN r.standby THEN ${bytes('pg_last_wal_replay_lsn()')} END AS replay_lsn,
  CASE WHEN r.standby THEN pg_is_wal_replay_paused() END AS paused,
  CASE WHEN r.standby
    THEN COALESCE(w.received_tli,
      GREATEST((SELECT timeline_id FROM pg_control_checkpoint()), (SELECT min_recovery_end_timeline FROM pg_control_recovery())))
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline,
  ${withSystem ? '(SELECT system_identifier::text FROM pg_control_system())' : 'NULL'} AS system_id,
  w.pid IS NOT NULL AS has_receiver, w.status AS receiver_status, ${bytes('w.latest_end_lsn')} AS origin_lsn,
  ${millis('w.last_msg_receipt_time')} AS heard_at, w.received_tli AS receiver_timeline,
  ${withBeat ? `${millis('b.beat')} AS beat_at, b.seq::float8 AS beat_seq` : 'NULL::float8 AS beat_at, NULL::float8 AS beat_seq'}
FROM (SELECT pg_is_in_recovery() AS standby) r
  LEFT JOIN pg_stat_wal_receiver w ON true
  ${withBeat ? 'LEFT JOIN dr_heartbeat b ON b.id = 1' : ''}`
}

/** Where the WAL functions do not exist (Aurora readers): role and load only, every position unknown. */
export const rolePositionQuery = (
  applicationRoles: readonly string[] = [],
): string => `SELECT ${head('pg_is_in_recovery()', applicationRoles)},
  NULL AS flush_lsn, NULL AS have_lsn, NULL AS replay_lsn, NULL AS paused, NULL AS timeline, NULL AS system_id, false AS has_receiver,
  NULL::float8 AS beat_at, NULL::float8 AS beat_seq`

export const heartbeatQuery = `WITH u AS (
  UPDATE dr_heartbeat SET beat = clock_timestamp(), seq = seq + 1 WHERE id = 1 RETURNING beat, seq)
SELECT ${millis('beat')} AS at, seq::float8 AS seq, ${bytes('pg_current_wal_insert_lsn()')} AS lsn,
  ${millis('clock_timestamp()')} AS now FROM u`

/**
 * A write that needs no table: a message in the WAL, which is flushed as any commit is. It ignores that a session is read-only, so
 * that is asked; the message is null then.
 */
export const bareWriteQuery = `SELECT ${millis('clock_timestamp()')} AS at, ${bytes(
  "CASE WHEN current_setting('transaction_read_only') = 'off' THEN pg_logical_emit_message(true, 'castmatch-warroom', '') END",
)} AS lsn`

/** Q2, on a writer. */
export const replicationQuery = `SELECT application_name AS application, host(client_addr) AS address, state,
  sync_state, ${bytes('sent_lsn')} AS sent_lsn, ${bytes('flush_lsn')} AS flush_lsn, ${bytes('replay_lsn')} AS replay_lsn,
  extract(epoch FROM clock_timestamp() - reply_time)::float8 AS reply_seconds
FROM pg_stat_replication ORDER BY application_name, pid`

/** Words that statements begin with; any other first word may be data of the application. */
const statementWords =
  'SELECT INSERT UPDATE DELETE MERGE WITH COPY CALL DO EXECUTE FETCH LOCK TRUNCATE CREATE ALTER DROP REINDEX VACUUM ANALYZE CLUSTER REFRESH BEGIN COMMIT ROLLBACK PREPARE SET'
    .split(' ')
    .map((word) => `'${word}'`)
    .join(', ')

/**
 * Q3: who waits for whom, from the session at the root. The text of statements stays on the server, because literals in it
 * are data of the application; their first word says enough.
 */
export const blockingQuery = `WITH RECURSIVE edge AS (
  SELECT a.pid AS waiter, b AS holder FROM pg_stat_activity a
    CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS b WHERE a.wait_event_type = 'Lock'),
tree(pid, root, depth, path) AS (
  SELECT DISTINCT holder, holder, 0, ARRAY[holder] FROM edge e
    WHERE NOT EXISTS (SELECT 1 FROM edge x WHERE x.waiter = e.holder)
  UNION ALL
  SELECT e.waiter, t.root, t.depth + 1, t.path || e.waiter FROM tree t
    JOIN edge e ON e.holder = t.pid WHERE e.waiter <> ALL (t.path))
SELECT t.root, t.depth, t.pid, a.usename AS "user", a.application_name AS application, a.state,
  a.wait_event, extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS transaction_seconds,
  (SELECT w FROM upper(substring(a.query FROM '^\\s*([A-Za-z]{2,12})\\M')) AS w
    WHERE w IN (${statementWords})) AS statement
FROM tree t LEFT JOIN pg_stat_activity a USING (pid) ORDER BY t.root, t.path LIMIT 200`

/** Q5, on either role. */
export const slotsQuery = `SELECT slot_name AS name, slot_type AS kind, plugin, active, wal_status,
  ((CASE WHEN pg_is_in_recovery() THEN GREATEST(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
    ELSE pg_current_wal_lsn() END) - restart_lsn)::float8 AS retained
FROM pg_replication_slots ORDER BY slot_name`

/** Aurora's own word of its nodes; its positions are text for the same reason as all others. Source: procedures, section 3. */
export const auroraQuery = `SELECT server_id, session_id, durable_lsn::text AS durable_lsn,
  highest_lsn_rcvd::text AS received_lsn, replica_lag_in_msec::float8 AS lag_ms,
  (extract(epoch FROM clock_timestamp() - last_update_timestamp) * 1000)::float8 AS silent_ms
FROM aurora_replica_status()`

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)
const lsn = (value: unknown): bigint | null => (typeof value === 'string' ? BigInt(value) : null)

export function toPosition(row: Row): NodePosition {
  const beatAt = number(row.beat_at)
  const beatSeq = number(row.beat_seq)
  const used = number(row.connections)
  const limit = number(row.connection_limit)
  return {
    standby: row.standby === true,
    at: number(row.at) ?? Number.NaN,
    systemId: text(row.system_id),
    timeline: number(row.timeline),
    flushLsn: lsn(row.flush_lsn),
    haveLsn: lsn(row.have_lsn),
    replayLsn: lsn(row.replay_lsn),
    replayPaused: typeof row.paused === 'boolean' ? row.paused : null,
    receiver:
      row.has_receiver === true
        ? {
            // The view hides its columns from a role without pg_monitor: the status is then unknown.
            status: text(row.receiver_status) ?? 'unknown',
            originLsn: lsn(row.origin_lsn),
            heardAt: number(row.heard_at),
            timeline: number(row.receiver_timeline),
          }
        : null,
    beat: beatAt !== null && beatSeq !== null ? { at: beatAt, seq: beatSeq } : null,
    connections:
      used !== null && limit !== null ? { used, limit, application: number(row.application_sessions) } : null,
    version: text(row.version)?.split(' ')[0] ?? null,
    readOnly: row.read_only === true,
  }
}

/** A beat that is older than this when it is answered was not written by the update, ms: a lock is waited for less long. */
const frozenMs = 5_000

/** Null when the heartbeat's row is missing. One that does not change proves the write, and keeps no time. */
export function toHeartbeat(row: Row | undefined): Heartbeat | null {
  const at = number(row?.at)
  const now = number(row?.now)
  const seq = number(row?.seq)
  const position = lsn(row?.lsn)
  if (at === null || now === null || seq === null || position === null) return null
  return now - at > frozenMs ? { at: now, seq: null, lsn: position } : { at, seq, lsn: position }
}

/** Null where the session may not write. */
export function toBareWrite(row: Row | undefined): Heartbeat | null {
  const at = number(row?.at)
  const position = lsn(row?.lsn)
  return at !== null && position !== null ? { at, seq: null, lsn: position } : null
}

export const toReplication = (row: Row): ReplicationRow => ({
  application: text(row.application) ?? '',
  address: text(row.address),
  state: text(row.state) ?? 'unknown',
  syncState: text(row.sync_state) ?? 'unknown',
  sentLsn: lsn(row.sent_lsn),
  flushLsn: lsn(row.flush_lsn),
  replayLsn: lsn(row.replay_lsn),
  replySeconds: number(row.reply_seconds),
})

export const toBlocking = (row: Row): BlockingView => ({
  root: number(row.root) ?? 0,
  depth: number(row.depth) ?? 0,
  pid: number(row.pid) ?? 0,
  user: text(row.user),
  application: text(row.application),
  state: text(row.state),
  waitEvent: text(row.wait_event),
  transactionSeconds: number(row.transaction_seconds),
  statement: text(row.statement),
})

export const toSlot = (row: Row): SlotView => ({
  name: text(row.name) ?? '',
  active: row.active === true,
  walStatus: text(row.wal_status),
  retainedBytes: number(row.retained),
  kind: row.kind === 'logical' ? 'logical' : 'physical',
  plugin: text(row.plugin),
})

export const toAuroraReplica = (row: Row): AuroraReplica => {
  const silent = number(row.silent_ms)
  return {
    serverId: text(row.server_id) ?? '',
    writer: row.session_id === 'MASTER_SESSION_ID',
    durableLsn: lsn(row.durable_lsn),
    receivedLsn: lsn(row.received_lsn),
    lagMs: number(row.lag_ms),
    silentMs: silent === null ? null : Math.max(0, silent),
  }
}
