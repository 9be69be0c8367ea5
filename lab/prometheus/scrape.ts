import pg from 'pg'
import type { LabNode } from '../contract'
import type { Attempt } from '../workload/ledger'
import type { Sample } from './promql'

const limitMs = 1500

interface NodeLogin {
  database: string
  user: string
  password: string
}

/** One node as an exporter measures it: one fresh connection, its own limits, `pg_up` 0 for whatever goes wrong. */
export async function scrapeNode(node: LabNode, login: NodeLogin): Promise<Sample[]> {
  const instance = `${node.address.host}:${node.address.port}`
  const labels = { job: 'postgres', instance, server: node.id, region: node.region }
  const client = new pg.Client({
    ...login,
    host: node.address.host,
    port: node.address.port,
    application_name: 'postgres_exporter',
    connectionTimeoutMillis: limitMs,
    query_timeout: limitMs,
  })
  client.on('error', () => undefined)
  // The exporter's own query: seconds since the last replayed commit, 0 on a writer.
  const query = `SELECT pg_is_in_recovery() AS replica,
    CASE WHEN pg_is_in_recovery()
      THEN GREATEST(0, extract(epoch FROM now() - pg_last_xact_replay_timestamp()))::float8
      ELSE 0::float8 END AS lag`
  try {
    await client.connect()
    const row = (await client.query<{ replica: boolean; lag: number | null }>(query)).rows[0]
    const up = [
      { name: 'up', labels, value: 1 },
      { name: 'pg_up', labels, value: 1 },
      { name: 'pg_replication_is_replica', labels, value: row?.replica ? 1 : 0 },
    ]
    // Nothing replayed yet: unknown, and so absent.
    if (row?.lag === null || row?.lag === undefined) return up
    return [...up, { name: 'pg_replication_lag_seconds', labels, value: row.lag }]
  } catch {
    return [
      // The exporter answers even when its server does not.
      { name: 'up', labels, value: 1 },
      { name: 'pg_up', labels, value: 0 },
    ]
  } finally {
    // A polite farewell to a frozen server would wait for ever.
    void client.end().catch(() => undefined)
    ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
  }
}

const windowMs = 15_000

/** The application's own results of the last 15 s, by region. Absent when it did nothing. Pure. */
export function workloadSamples(attempts: readonly Attempt[], now: number): Sample[] {
  const regions = [...new Set(attempts.map((attempt) => attempt.region))].sort()
  return regions.flatMap((region) => {
    const own = attempts.filter((attempt) => attempt.region === region && now - attempt.at <= windowMs)
    if (own.length === 0) return []
    const labels = { job: 'castmatch-api', region }
    const sorted = own.map((attempt) => attempt.ms).sort((a, b) => a - b)
    const p95 = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * 0.95) - 1)] ?? 0
    const failed = own.filter((attempt) => !attempt.ok).length
    return [
      { name: 'castmatch_api_requests_per_second', labels, value: own.length / (windowMs / 1000) },
      { name: 'castmatch_api_error_ratio', labels, value: failed / own.length },
      { name: 'castmatch_api_p95_ms', labels, value: Math.round(p95 * 100) / 100 },
    ]
  })
}

/** The last number that each pod was told is committed, as the application counts for itself. Pure. */
export function numberSamples(greatest: readonly { pod: string; n: number }[]): Sample[] {
  return greatest.map(({ pod, n }) => ({
    name: 'castmatch_commit_acknowledged_number',
    labels: { job: 'castmatch-api', pod },
    value: n,
  }))
}
