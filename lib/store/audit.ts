import { type Actor, actorName } from '../domain/actor'
import { type AuditEntry, type AuditQuery, auditParts } from '../domain/record/audit'
import { incidentInRecord } from '../domain/record/chain'
import { type Store, storeError } from './client'

interface Row {
  n: string
  at: Date
  kind: string
  actor: Actor
  text: string
  incident_id: string | null
  run_id: string | null
  hash: string
}

const part = "split_part(kind, '.', 1)"
/** Said in these words, the index of the entries that are neither of incidents nor of runs serves the query. */
const rare = `${part} NOT IN ('incident', 'run', 'step', 'effect')`

/** A page of the record, newest first, at most `limit` entries. Throws ExpectedError when the store is away. */
export async function readAudit(
  store: Pick<Store, 'pool'>,
  query: AuditQuery,
  limit: number,
): Promise<{ entries: AuditEntry[]; before: number | null }> {
  const values: unknown[] = [query.before ?? Number.MAX_SAFE_INTEGER, limit + 1]
  const where = ['n < $1']
  if (query.part) {
    if (query.part !== 'incidents' && query.part !== 'runs') where.push(rare)
    where.push(`${part} = ANY($${values.push([...auditParts[query.part].kinds])})`)
  }
  if (query.incident !== null) where.push(`incident_id = $${values.push(incidentInRecord(query.incident))}`)
  if (query.search) {
    const like = `$${values.push(`%${query.search.replace(/[\\%_]/g, '\\$&')}%`)}`
    where.push(`(text ILIKE ${like} OR actor::jsonb->>'name' ILIKE ${like})`)
  }
  try {
    const { rows } = await store.pool.query<Row>(
      `SELECT n, at, kind, actor::jsonb AS actor, text, incident_id, run_id, hash FROM record_entry
       WHERE ${where.join(' AND ')} ORDER BY n DESC LIMIT $2`,
      values,
    )
    const entries = rows.slice(0, limit).map((row) => ({
      n: Number(row.n),
      at: row.at.getTime(),
      kind: row.kind,
      who: actorName(row.actor),
      person: row.actor.kind === 'person',
      text: row.text,
      incident: row.incident_id === null ? null : Number(row.incident_id),
      runId: row.run_id,
      hash: row.hash,
    }))
    return { entries, before: rows.length > limit ? (entries.at(-1)?.n ?? null) : null }
  } catch (error) {
    throw storeError(error)
  }
}
