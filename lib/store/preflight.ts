import type { JsonValue } from '../domain/procedure/canonical'
import type { Check, RunMode } from '../domain/procedure/types'
import type { PreflightView } from '../domain/run/view'
import { type Store, storeError } from './client'

type Sql = Pick<Store, 'pool'>

export interface AskedPreflight {
  id: string
  procedureId: string
  inputs: { [name: string]: JsonValue }
  mode: RunMode
  environment: string
  askedBy: string
}

const query = async (store: Sql, text: string, values: unknown[]) => {
  try {
    return await store.pool.query(text, values)
  } catch (error) {
    throw storeError(error)
  }
}

/** Asks a runner to look at the prerequisites; old questions are cleared away. */
export async function askPreflight(store: Sql, asked: AskedPreflight): Promise<void> {
  await query(
    store,
    `WITH d AS (DELETE FROM preflight WHERE asked_at < clock_timestamp() - interval '1 hour')
     INSERT INTO preflight (id, procedure_id, inputs, mode, asked_by_id, asked_at, state, checks)
     VALUES ($1, $2, $3, $4, $5, clock_timestamp(), 'asked', '[]')`,
    [asked.id, `${asked.environment}/${asked.procedureId}`, JSON.stringify(asked.inputs), asked.mode, asked.askedBy],
  )
}

/** Takes the next question of this environment for answering; two runners never take the same. */
export async function takePreflight(
  store: Sql,
  environment: string,
): Promise<Omit<AskedPreflight, 'environment'> | null> {
  const { rows } = await query(
    store,
    `UPDATE preflight SET state = 'running' WHERE id = (SELECT id FROM preflight
       WHERE state = 'asked' AND starts_with(procedure_id, $1) AND asked_at > clock_timestamp() - interval '1 minute'
       ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING id, procedure_id, inputs, mode, asked_by_id`,
    [`${environment}/`],
  )
  const row = rows[0]
  return row
    ? {
        id: row.id,
        procedureId: row.procedure_id.slice(environment.length + 1),
        inputs: row.inputs,
        mode: row.mode,
        askedBy: row.asked_by_id,
      }
    : null
}

/** Writes the answer: the checks, or why they could not be made. */
export async function answerPreflight(store: Sql, id: string, checks: Check[], error: string | null): Promise<void> {
  await query(
    store,
    `UPDATE preflight SET state = CASE WHEN $3::text IS NULL THEN 'done' ELSE 'failed' END, checks = $2, error = $3,
       finished_at = clock_timestamp() WHERE id = $1`,
    [id, JSON.stringify(checks), error],
  )
}

/** The question and, when it is there, its answer; null when there is no such question. */
export async function readPreflight(store: Sql, id: string): Promise<PreflightView | null> {
  const { rows } = await query(store, 'SELECT * FROM preflight WHERE id = $1', [id])
  const row = rows[0]
  if (!row) return null
  const checks = row.checks as Check[]
  return {
    id: row.id,
    state: row.state,
    askedAt: row.asked_at.getTime(),
    finishedAt: row.finished_at?.getTime() ?? null,
    checks,
    mayStart: row.state === 'done' && checks.every((c) => c.result !== 'block'),
    error: row.error,
  }
}
