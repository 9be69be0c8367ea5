import { type Actor, actorName } from '../domain/actor'
import type { Diagnosis } from '../domain/cluster/types'
import { conflict, notFound } from '../domain/errors'
import { type EntryKind, entryKinds, type TimelineEntry } from '../domain/incident/types'
import type { TimelinePage, TimelineQuery } from '../domain/incident/view'
import { ownPath } from '../domain/own-path'
import { incidentInRecord } from '../domain/record/chain'
import { type Db, type Store, storeError } from './client'

interface Row {
  n: string
  at: Date
  kind: string
  body: string
  run_id: string | null
  pinned: boolean | null
  corrected_by: string | null
}

interface Body {
  kind: string
  text: string
  actor: Actor
  evidence: { occurredAt?: unknown; detail?: unknown; corrects?: unknown; href?: unknown } | null
}

function toEntry(row: Row, number: number): TimelineEntry {
  const { actor, text, evidence } = JSON.parse(row.body) as Body
  const recordedAt = row.at.getTime()
  return {
    id: row.n,
    incidentNumber: number,
    kind: row.kind as EntryKind,
    occurredAt: typeof evidence?.occurredAt === 'number' ? evidence.occurredAt : recordedAt,
    recordedAt,
    actor: { id: actor.kind === 'person' ? actor.id : actor.kind, name: actorName(actor) },
    text,
    detail: typeof evidence?.detail === 'string' ? evidence.detail : null,
    pinned: row.pinned ?? false,
    corrects: typeof evidence?.corrects === 'string' ? evidence.corrects : null,
    correctedBy: row.corrected_by,
    href: row.run_id ? `/runs/${row.run_id}` : ownPath(evidence?.href),
  }
}

const columns = `e.n::text AS n, e.at, timeline_kind(e.kind) AS kind, e.body, e.run_id, m.pinned, m.corrected_by::text`
const marks = (number: string) => `LEFT JOIN timeline_mark m ON m.number = ${number} AND m.n = e.n`

interface Side {
  /** Entries below (older than) or above (newer than) this number. */
  edge: string
  towards: 'older' | 'newer'
  limit: number
}

/**
 * A page of a timeline, newest first, by number: going back costs the same at the millionth entry as at the first. The
 * story is found by an index of its own; pinned entries outside it are added. `around` and `at` open the timeline in its
 * middle, at an entry or at a moment. Throws ExpectedError when the store is away.
 */
export async function readTimeline(store: Pick<Store, 'pool'>, query: TimelineQuery): Promise<TimelinePage> {
  const limit = Math.trunc(Math.min(Math.max(query.limit ?? 100, 1), 500))
  try {
    const middle = query.around ?? (query.at === undefined ? null : await entryAt(store, query.at))
    if (middle !== null) {
      const half = Math.ceil(limit / 2)
      const [older, newer] = await Promise.all([
        readSide(store, query, { edge: String(BigInt(middle) + 1n), towards: 'older', limit: half }),
        readSide(store, query, { edge: middle, towards: 'newer', limit: half }),
      ])
      const entries = [...newer.entries, ...older.entries]
      return {
        entries,
        before: older.full ? (entries.at(-1)?.id ?? null) : null,
        after: entries[0]?.id ?? middle,
        newer: newer.full,
        counts: older.counts,
      }
    }
    const forward = query.after !== undefined
    const { entries, full, counts } = await readSide(store, query, {
      edge: query.after ?? query.before ?? String(Number.MAX_SAFE_INTEGER),
      // Newer entries are taken from the oldest on, so that a long silence is caught up without a gap.
      towards: forward ? 'newer' : 'older',
      limit,
    })
    return {
      entries,
      before: !forward && full ? (entries.at(-1)?.id ?? null) : null,
      after: entries[0]?.id ?? query.after ?? '0',
      newer: forward && full,
      counts,
    }
  } catch (error) {
    throw storeError(error)
  }
}

async function readSide(store: Pick<Store, 'pool'>, query: TimelineQuery, { edge, towards, limit }: Side) {
  const kinds = query.kinds?.length ? query.kinds.filter((kind) => entryKinds.includes(kind)) : null
  const search = query.search?.trim() ? `%${query.search.trim().replace(/[\\%_]/g, '\\$&')}%` : null
  const values: unknown[] = [incidentInRecord(query.number), query.number, edge]
  const filters = [
    ...(kinds ? [`timeline_kind(e.kind) = ANY($${values.push(kinds)})`] : []),
    ...(search ? [`e.text ILIKE $${values.push(search)}`] : []),
  ]
  // By rows of both columns, and ordered by both: only the index of (incident, number) can serve that. Ordered by number
  // alone, the planner may walk the whole record backwards past entries of other incidents.
  const [order, edges] =
    towards === 'older'
      ? ['DESC', '(e.incident_id, e.n) < ($1, $3::bigint) AND (e.incident_id, e.n) > ($1, 0)']
      : ['ASC', '(e.incident_id, e.n) > ($1, $3::bigint) AND (e.incident_id, e.n) <= ($1, 9223372036854775807)']
  const range = [edges, ...filters].join(' AND ')
  const pinned = [towards === 'older' ? 'm.n < $3' : 'm.n > $3', ...filters].join(' AND ')
  const page = `ORDER BY e.incident_id ${order}, e.n ${order} LIMIT ${limit}`
  const sql =
    query.scope === 'everything'
      ? `SELECT ${columns} FROM record_entry e ${marks('$2')} WHERE ${range} ${page}`
      : `SELECT * FROM ((SELECT ${columns} FROM record_entry e ${marks('$2')} WHERE ${range} AND timeline_story(e.kind)
             AND NOT EXISTS (SELECT 1 FROM timeline_mark c WHERE c.number = $2 AND c.n = e.n AND c.corrected_by IS NOT NULL)
           ${page})
           UNION ALL (SELECT ${columns} FROM timeline_mark m JOIN record_entry e ON e.n = m.n
             WHERE m.number = $2 AND m.pinned AND m.corrected_by IS NULL AND NOT timeline_story(e.kind) AND ${pinned}
           ORDER BY m.n ${order} LIMIT ${limit})) AS both_ ORDER BY n::bigint ${order} LIMIT ${limit}`
  // One trip: the counts come with the page.
  const found = await store.pool.query<Row & { everything: number | null; story: number | null }>(
    `SELECT p.*, t.everything, t.story FROM (SELECT 1) one LEFT JOIN timeline_tally t ON t.incident_id = $1
       LEFT JOIN (${sql}) p ON true`,
    values,
  )
  const rows = found.rows.filter((row) => row.n !== null)
  const tally = found.rows[0]
  return {
    entries: rows.map((row) => toEntry(row, query.number)).toSorted((a, b) => Number(b.id) - Number(a.id)),
    full: rows.length === limit,
    counts: { everything: tally?.everything ?? 0, story: tally?.story ?? 0 },
  }
}

/**
 * The number of the last entry that was recorded until a moment, "0" when there was none. Numbers have no gaps and times
 * rise with them, so halving finds it in some twenty steps without an index on the time.
 */
async function entryAt(store: Pick<Store, 'pool'>, at: number): Promise<string> {
  const { rows } = await store.pool.query<{ n: string }>(
    `WITH RECURSIVE s(lo, hi) AS (
       SELECT 0::bigint, COALESCE((SELECT max(n) FROM record_entry), 0)
       UNION ALL
       SELECT CASE WHEN e.at <= to_timestamp($1::float8 / 1000) THEN m.mid ELSE m.lo END,
         CASE WHEN e.at <= to_timestamp($1::float8 / 1000) THEN m.hi ELSE m.mid - 1 END
       FROM (SELECT lo, hi, (lo + hi + 1) / 2 AS mid FROM s WHERE lo < hi) m JOIN record_entry e ON e.n = m.mid)
     SELECT max(lo)::text AS n FROM s`,
    [at],
  )
  return rows[0]?.n ?? '0'
}

/** The n-th entry of the record as this incident's. Throws ExpectedError 'not-found'. */
export async function readEntry(
  db: Db,
  number: number,
  id: string,
): Promise<{ n: bigint; kind: string; text: string }> {
  const row = /^\d{1,18}$/.test(id)
    ? await db.recordEntry.findUnique({
        where: { n: BigInt(id) },
        select: { n: true, kind: true, text: true, incidentId: true },
      })
    : null
  if (!row || row.incidentId !== incidentInRecord(number)) throw notFound('This entry')
  return row
}

/** False when it is so already. */
export async function setPinned(tx: Db, number: number, n: bigint, pinned: boolean): Promise<boolean> {
  const before = await tx.timelineMark.findUnique({ where: { number_n: { number, n } } })
  if ((before?.pinned ?? false) === pinned) return false
  await tx.timelineMark.upsert({
    where: { number_n: { number, n } },
    create: { number, n, pinned },
    update: { pinned },
  })
  return true
}

/** Notes which entry corrects which. Throws ExpectedError 'conflict' when another correction was first. */
export async function setCorrected(tx: Db, number: number, n: bigint, by: number): Promise<void> {
  const rows = await tx.$queryRaw<{ n: bigint }[]>`
    INSERT INTO timeline_mark AS m (number, n, corrected_by) VALUES (${number}, ${n}, ${by})
    ON CONFLICT (number, n) DO UPDATE SET corrected_by = EXCLUDED.corrected_by WHERE m.corrected_by IS NULL RETURNING n`
  if (rows.length === 0) throw conflict('Someone else has corrected this entry. Correct their correction instead.')
}

/** What the collector found, as a timeline keeps it beside the words. */
export interface ToldDiagnosis {
  diagnosis: Diagnosis['kind']
  certainty: Diagnosis['certainty']
}

/** What the collector said last in this incident's timeline; null when it said nothing yet. */
export async function lastDetection(db: Db, number: number): Promise<ToldDiagnosis | null> {
  const [row] = await db.$queryRaw<ToldDiagnosis[]>`
    SELECT body::jsonb #>> '{evidence,diagnosis}' AS diagnosis, body::jsonb #>> '{evidence,certainty}' AS certainty
    FROM record_entry WHERE incident_id = ${incidentInRecord(number)} AND kind = 'incident.detection'
      AND body::jsonb #>> '{evidence,diagnosis}' IS NOT NULL ORDER BY n DESC LIMIT 1`
  return row ?? null
}
