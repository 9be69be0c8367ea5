import type { LagPoint, Mark } from '../domain/cluster/types'
import type { LagHistoryStore, ProbeMinute } from '../ports/history'
import { type Store, storeError } from './client'

const minuteMs = 60_000
/** How long samples stay at full resolution, and how long their minutes and marks stay. */
export const fullForMs = 6 * 3_600_000
export const keptForMs = 30 * 24 * 3_600_000
/** Availability is counted by calendar month, the longest of which must be there to its end. */
export const minutesKeptForMs = 32 * 24 * 3_600_000
/** Deletions go by spans of this length, so that no statement holds many rows. */
const batchMs = 3_600_000

type ByNode = LagPoint['byNode']

/** The history with what housekeeping does to it: nothing that anybody waits for. */
interface KeptLagHistory extends LagHistoryStore {
  /** Thins what is older than 6 h to the worst point of each minute and deletes what is past its time. */
  prune(environment: string, nowMs: number): Promise<void>
}

/**
 * History of samples in the store. Each method is one or a few statements and may be repeated: rows are keyed by their
 * time. Times are milliseconds since the epoch. Throws ExpectedError 'store-unavailable'.
 */
export function lagHistoryStore(store: Pick<Store, 'pool'>): KeptLagHistory {
  const query = async <R extends object>(text: string, values: unknown[]) => {
    try {
      return (await store.pool.query<R>(text, values)).rows
    } catch (error) {
      throw storeError(error)
    }
  }

  /** The first row's time of a table, or null when it has none. */
  const oldest = async (table: 'lag_sample' | 'lag_minute' | 'mark' | 'probe_minute', environment: string) => {
    const column = table === 'probe_minute' ? 'minute' : 'at'
    const rows = await query<{ at: string | null }>(
      `SELECT ${ms(`min(${column})`)} AS at FROM ${table} WHERE environment = $1`,
      [environment],
    )
    return rows[0]?.at == null ? null : Number(rows[0].at)
  }

  const deleteBefore = async (
    table: 'lag_sample' | 'lag_minute' | 'mark' | 'probe_minute',
    environment: string,
    endMs: number,
  ) => {
    const column = table === 'probe_minute' ? 'minute' : 'at'
    const first = await oldest(table, environment)
    if (first === null) return
    const step = table === 'lag_sample' ? batchMs : 24 * batchMs
    for (let from = first; from < endMs; from += step)
      await query(
        `DELETE FROM ${table} WHERE environment = $1 AND ${column} >= ${time('$2')} AND ${column} < ${time('$3')}`,
        [environment, from, Math.min(from + step, endMs)],
      )
  }

  return {
    async append(environment, points) {
      if (points.length === 0) return
      await query(
        `INSERT INTO lag_sample (environment, at, by_node)
         SELECT $1, ${time('p.at')}, p.by_node FROM unnest($2::bigint[], $3::jsonb[]) AS p(at, by_node)
         ON CONFLICT DO NOTHING`,
        [environment, points.map((p) => Math.round(p.at)), points.map((p) => JSON.stringify(p.byNode))],
      )
    },

    async read(environment, fromMs, toMs, maxPoints) {
      // What is still at full resolution comes from there, what is older from the minutes.
      const rows = await query<{ at: string; by_node: ByNode }>(
        `WITH full_from AS (SELECT min(at) AS at FROM lag_sample WHERE environment = $1)
         SELECT ${ms('at')} AS at, by_node FROM (
           SELECT at, by_node FROM lag_sample WHERE environment = $1 AND at >= ${time('$2')} AND at <= ${time('$3')}
           UNION ALL
           SELECT m.at, m.by_node FROM lag_minute m, full_from f WHERE m.environment = $1
             AND m.at >= ${time('$2')} AND m.at <= ${time('$3')} AND (f.at IS NULL OR m.at < f.at)
         ) points ORDER BY at`,
        [environment, fromMs, toMs],
      )
      return thinEvenly(
        rows.map((row) => ({ at: Number(row.at), byNode: row.by_node })),
        fromMs,
        toMs,
        maxPoints,
      )
    },

    async appendMarks(environment, marks) {
      if (marks.length === 0) return
      await query(
        `INSERT INTO mark (environment, at, kind, text)
         SELECT $1, ${time('m.at')}, m.kind, left(m.text, 500) FROM unnest($2::bigint[], $3::text[], $4::text[]) AS m(at, kind, text)
         ON CONFLICT DO NOTHING`,
        [environment, marks.map((m) => Math.round(m.at)), marks.map((m) => m.kind), marks.map((m) => m.text)],
      )
    },

    async readMarks(environment, fromMs, toMs) {
      const rows = await query<{ at: string; kind: Mark['kind']; text: string }>(
        `SELECT ${ms('at')} AS at, kind, text FROM mark
         WHERE environment = $1 AND at >= ${time('$2')} AND at <= ${time('$3')} ORDER BY mark.at`,
        [environment, fromMs, toMs],
      )
      return rows.map((row) => ({ ...row, at: Number(row.at) }))
    },

    async saveMinutes(environment, minutes) {
      if (minutes.length === 0) return
      // One row per key: a batch with the same minute twice would be refused whole.
      const byMinute = new Map<number, ProbeMinute>()
      for (const m of minutes) byMinute.set(m.minute, greater(byMinute.get(m.minute), m))
      const rows = [...byMinute.values()]
      await query(
        `INSERT INTO probe_minute (environment, minute, probes, failed)
         SELECT $1, ${time('m.minute')}, m.probes, m.failed FROM unnest($2::bigint[], $3::int[], $4::int[]) AS m(minute, probes, failed)
         ON CONFLICT (environment, minute) DO UPDATE SET
           probes = greatest(probe_minute.probes, excluded.probes), failed = greatest(probe_minute.failed, excluded.failed)`,
        [environment, rows.map((m) => m.minute), rows.map((m) => m.probes), rows.map((m) => m.failed)],
      )
    },

    async readMinutes(environment, fromMs, toMs) {
      const rows = await query<{ minute: string; probes: number; failed: number }>(
        `SELECT ${ms('minute')} AS minute, probes, failed FROM probe_minute
         WHERE environment = $1 AND minute >= ${time('$2')} AND minute <= ${time('$3')} ORDER BY probe_minute.minute`,
        [environment, fromMs, toMs],
      )
      return rows.map((row) => ({ ...row, minute: Number(row.minute) }))
    },

    async prune(environment, nowMs) {
      const fullEnd = Math.floor((nowMs - fullForMs) / minuteMs) * minuteMs
      const first = await oldest('lag_sample', environment)
      // Thinned first, deleted after: a crash between the two leaves a span twice, which reading does not mind.
      if (first !== null)
        for (let from = Math.floor(first / minuteMs) * minuteMs; from < fullEnd; from += batchMs)
          await query(thinSql, [environment, from, Math.min(from + batchMs, fullEnd)])
      await deleteBefore('lag_sample', environment, fullEnd)
      for (const table of ['lag_minute', 'mark'] as const) await deleteBefore(table, environment, nowMs - keptForMs)
      await deleteBefore('probe_minute', environment, nowMs - minutesKeptForMs)
    },
  }
}

const time = (parameter: string) => `to_timestamp(${parameter}::double precision / 1000)`
const ms = (expression: string) => `round(extract(epoch FROM ${expression}) * 1000)::bigint`

/** The worst of each node in each minute; null only where nothing was measured in the whole minute. */
const thinSql = `INSERT INTO lag_minute (environment, at, by_node)
  SELECT environment, minute, jsonb_object_agg(node, worst) FROM (
    SELECT environment, date_trunc('minute', at, 'UTC') AS minute, node,
      CASE WHEN bool_and(jsonb_typeof(value) = 'null') THEN 'null'::jsonb ELSE jsonb_build_object(
        'seconds', max((value->>'seconds')::double precision), 'bytes', max((value->>'bytes')::double precision)) END AS worst
    FROM lag_sample, jsonb_each(by_node) AS e(node, value)
    WHERE environment = $1 AND at >= ${time('$2')} AND at < ${time('$3')}
    GROUP BY environment, minute, node
  ) thinned GROUP BY environment, minute
  ON CONFLICT DO NOTHING`

/** At most `maxPoints`: equal spans, each with the worst of its points, so that a peak never disappears. */
function thinEvenly(points: LagPoint[], fromMs: number, toMs: number, maxPoints: number): LagPoint[] {
  if (points.length <= maxPoints) return points
  const span = Math.max(1, (toMs - fromMs + 1) / maxPoints)
  const thinned = new Map<number, LagPoint>()
  for (const point of points) {
    const index = Math.floor((point.at - fromMs) / span)
    const before = thinned.get(index)
    thinned.set(index, before ? { at: before.at, byNode: worst(before.byNode, point.byNode) } : point)
  }
  return [...thinned.values()]
}

function worst(a: ByNode, b: ByNode): ByNode {
  const merged: ByNode = { ...a }
  for (const [node, value] of Object.entries(b)) {
    const other = merged[node]
    merged[node] =
      value && other
        ? { seconds: Math.max(value.seconds, other.seconds), bytes: Math.max(value.bytes, other.bytes) }
        : (value ?? other ?? null)
  }
  return merged
}

function greater(a: ProbeMinute | undefined, b: ProbeMinute): ProbeMinute {
  return a ? { ...b, probes: Math.max(a.probes, b.probes), failed: Math.max(a.failed, b.failed) } : b
}
