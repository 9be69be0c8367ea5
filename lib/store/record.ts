import type pg from 'pg'
import {
  incidentInRecord,
  type RecordDraft,
  type RecordEntry,
  type RecordHead,
  recordBody,
  type SealedEntry,
} from '../domain/record/chain'
import type { Db, Store } from './client'
import { query } from './query'
import type { Prove } from './web-proof'

/**
 * Who writes: a person, by the token of the session in which they act; the web, for another system that told it something;
 * or the runner, in its own name.
 */
export type Writer = { token: string } | { prove: Prove } | 'runner'

/**
 * Adds one entry to the record inside the caller's transaction, so that failing to record is failing to act. The store
 * gives number, time and hash; entries of all writers wait for each other from here until their commit. Returns the number.
 * Throws ExpectedError 'not-signed-in' and 'not-allowed' when the store does not take it from this person.
 */
export async function appendRecord(tx: Db, writer: Writer, draft: RecordDraft): Promise<number> {
  const body = recordBody(draft)
  if (writer !== 'runner' && 'token' in writer) {
    const rows = await tx.$queryRaw<{ n: bigint }[]>`SELECT record_append_as(${writer.token}, ${body}) AS n`
    return Number(rows[0]?.n)
  }
  if (writer !== 'runner') {
    const { at, proof } = writer.prove('record', body)
    const rows = await tx.$queryRaw<
      { n: bigint }[]
    >`SELECT record_append_service(${body}, ${at}::bigint, ${proof}) AS n`
    return Number(rows[0]?.n)
  }
  const rows = await tx.$queryRaw<{ n: bigint }[]>`SELECT record_append(${body}) AS n`
  return Number(rows[0]?.n)
}

/** The same, once per key and incident: a repeat after a lost answer writes nothing. Returns the number of the first. */
export async function appendRecordOnce(tx: Db, token: string, key: string, draft: RecordDraft): Promise<number> {
  const rows = await tx.$queryRaw<
    { n: bigint }[]
  >`SELECT record_append_once(${token}, ${key}, ${recordBody(draft)}) AS n`
  return Number(rows[0]?.n)
}

/** Was something of this incident sent under this key? Waits for a repeat at the same moment. */
export async function wasSent(tx: Db, token: string, number: number, key: string): Promise<boolean> {
  const rows = await tx.$queryRaw<{ n: bigint | null }[]>`SELECT record_sent(${token}, ${number}::int, ${key}) AS n`
  return rows[0]?.n != null
}

/** The runner's entry inside a hand-written transaction. */
export async function appendRecordSql(tx: Pick<pg.ClientBase, 'query'>, draft: RecordDraft): Promise<void> {
  await tx.query('SELECT record_append($1)', [recordBody(draft)])
}

interface Row {
  n: string
  at: string
  body: string
  prev_hash: string
  hash: string
  agrees: boolean
}

const columns = `n, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, body, prev_hash, hash,
  (kind IS NOT DISTINCT FROM body::jsonb->>'kind' AND text IS NOT DISTINCT FROM body::jsonb->>'text'
   AND actor = (body::jsonb->'actor')::text AND incident_id IS NOT DISTINCT FROM body::jsonb->>'incidentId'
   AND run_id IS NOT DISTINCT FROM body::jsonb->>'runId' AND step_id IS NOT DISTINCT FROM body::jsonb->>'stepId') AS agrees`

/**
 * All entries after a number, oldest first, by page; an entry whose columns deny its body comes with an impossible hash.
 * Throws ExpectedError 'store-unavailable'.
 */
export async function* readRecord(
  store: { pool: Pick<pg.ClientBase, 'query'> },
  {
    after: start = -1,
    upTo = Number.MAX_SAFE_INTEGER,
    pageSize = 500,
  }: { after?: number; upTo?: number; pageSize?: number } = {},
): AsyncGenerator<RecordEntry> {
  for (let after = String(start); ; ) {
    const { rows } = await query(
      store,
      `SELECT ${columns} FROM record_entry WHERE n > $1 AND n <= $3 ORDER BY record_entry.n LIMIT $2`,
      [after, pageSize, upTo],
    )
    for (const row of rows as Row[])
      yield {
        n: Number(row.n),
        at: row.at,
        body: row.body,
        prevHash: row.prev_hash,
        hash: row.agrees ? row.hash : 'columns deny the body',
      }
    const last = rows.at(-1)
    if (!last) return
    after = last.n
  }
}

/**
 * The piece of the record from an incident's first entry to its last one up to a number: its own entries as they are, and
 * those between them without their words. By page, so that its length costs no memory.
 */
export async function* readExcerpt(
  store: Pick<Store, 'pool'>,
  incidentNumber: number,
  upTo: number,
): AsyncGenerator<RecordEntry | SealedEntry> {
  const incident = incidentInRecord(incidentNumber)
  const { rows } = await query(
    store,
    'SELECT min(n) AS first, max(n) AS last FROM record_entry WHERE incident_id = $1 AND n <= $2',
    [incident, upTo],
  )
  const { first, last } = rows[0] as { first: string | null; last: string | null }
  if (first === null || last === null) return
  for await (const entry of readRecord(store, { after: Number(first) - 1, upTo: Number(last) })) {
    const own = (JSON.parse(entry.body) as { incidentId: string | null }).incidentId === incident
    yield own ? entry : { n: entry.n, prevHash: entry.prevHash, hash: entry.hash }
  }
}

/** Number and hash of the last entry, kept apart from the entries, so that a cut tail is seen. */
export async function readRecordHead(store: { pool: Pick<pg.ClientBase, 'query'> }): Promise<RecordHead> {
  const { rows } = await query(store, 'SELECT n, hash FROM record_head WHERE id = 1', [])
  const row = rows[0] as { n: string; hash: string } | undefined
  if (!row) throw new Error('The record has no head: this store was not migrated')
  return { n: Number(row.n), hash: row.hash }
}

/** Is the end of the chain what its head says? The quick look of a preflight; `verify-record` walks it all. */
export async function recordEndsWhole(store: Pick<Store, 'pool'>): Promise<boolean> {
  const { rows } = await query(
    store,
    `SELECT (h.n = 0 AND NOT EXISTS (SELECT 1 FROM record_entry))
         OR EXISTS (SELECT 1 FROM record_entry e WHERE e.n = h.n AND e.hash = h.hash
                    AND NOT EXISTS (SELECT 1 FROM record_entry x WHERE x.n > h.n)) AS whole
     FROM record_head h WHERE h.id = 1`,
    [],
  )
  return rows[0]?.whole === true
}
