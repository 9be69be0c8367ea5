import { conflict, notFound } from '../domain/errors'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import type { Run } from '../domain/run/run'
import { type Store, storeError } from './client'
import { query } from './query'
import { toRun } from './run-rows'

type Sql = Pick<Store, 'pool'>
export interface NewRun
  extends Pick<
    Run,
    | 'id'
    | 'procedureId'
    | 'procedureVersion'
    | 'title'
    | 'mode'
    | 'environment'
    | 'environmentKind'
    | 'cluster'
    | 'incidentId'
    | 'reason'
    | 'twoPersons'
    | 'inputs'
    | 'facts'
    | 'startedBy'
  > {
  steps: { stepId: string; title: string; effect: string; definitionHash: string }[]
  /** Only one active run may hold each: the cluster, or one of the places of dry runs. */
  resources: string[]
}

/**
 * Writes a run, its steps, its locks and the record in one statement. Throws ExpectedError 'conflict' naming the other
 * run when a resource is taken.
 */
export async function createRun(store: Sql, run: NewRun, draft: RecordDraft): Promise<void> {
  try {
    await store.pool.query(
      `WITH r AS (INSERT INTO run (id, procedure_id, procedure_version, title, mode, environment, environment_kind, cluster,
           incident_id, reason, two_persons, inputs, facts, checks, state, sentence, started_by_id, started_by_name, started_at)
         VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,'[]','preparing','Looks at the prerequisites.',$14,$15,clock_timestamp())
         RETURNING id),
       s AS (INSERT INTO run_step (run_id, index, step_id, title, effect, definition_hash, state, sentence, output)
         SELECT $1, (x.ord - 1)::int, x.step->>'stepId', x.step->>'title', x.step->>'effect', x.step->>'definitionHash', 'pending', '', '{}'
         FROM jsonb_array_elements($16::jsonb) WITH ORDINALITY AS x(step, ord) RETURNING 1),
       l AS (INSERT INTO resource_lock (resource, run_id, taken_at) SELECT unnest($17::text[]), $1, clock_timestamp() RETURNING 1)
       SELECT record_append($18) FROM r WHERE (SELECT count(*) FROM s) >= 0 AND (SELECT count(*) FROM l) >= 0`,
      [
        run.id,
        run.procedureId,
        run.procedureVersion,
        run.title,
        run.mode,
        run.environment,
        run.environmentKind,
        run.cluster,
        run.incidentId,
        run.reason,
        run.twoPersons,
        JSON.stringify(run.inputs),
        JSON.stringify(run.facts),
        run.startedBy.id,
        run.startedBy.name,
        JSON.stringify(run.steps),
        run.resources,
        recordBody(draft),
      ],
    )
  } catch (error) {
    const { code, constraint } = error as { code?: string; constraint?: string }
    if (code === '23505' && constraint === 'resource_lock_pkey') {
      const other = await lockHolder(store, run.resources)
      throw conflict(
        other
          ? `${other.startedByName} has a run on this cluster already: ${other.title}.`
          : 'Another run has this cluster.',
      )
    }
    throw storeError(error)
  }
}

export interface LockHolder {
  resource: string
  id: string
  title: string
  startedByName: string
}

/** The runs that hold these resources, each with the resource that it holds. */
export async function lockHolders(
  store: Sql,
  resources: string[],
  except: string | null = null,
): Promise<LockHolder[]> {
  const { rows } = await query(
    store,
    `SELECT l.resource, r.id, r.title, r.started_by_name AS "startedByName" FROM resource_lock l JOIN run r ON r.id = l.run_id
     WHERE l.resource = ANY($1) AND l.run_id IS DISTINCT FROM $2 ORDER BY l.resource`,
    [resources, except],
  )
  return rows
}

/** The run that holds any of these resources, or null. */
export const lockHolder = async (store: Sql, resources: string[], except: string | null = null) =>
  (await lockHolders(store, resources, except))[0] ?? null

/** A row as JSON; its times as milliseconds, since JSON has none of its own. */
const asJson = (row: string, times: string[]): string =>
  `to_jsonb(${row}) || jsonb_build_object(${times.map((at) => `'${at}', extract(epoch FROM ${row}.${at}) * 1000`).join(', ')})`
const partOf = (table: string, order: string, times: string[]): string =>
  `COALESCE((SELECT jsonb_agg(${asJson('p', times)} ORDER BY ${order}) FROM ${table} p WHERE p.run_id = run.id), '[]')`

// All of it as JSON: what a prepared statement answers must not change its type when a column is added.
const wholeRunSql = `SELECT ${asJson('run', ['started_at', 'finished_at', 'waiting_since'])}
    || jsonb_build_object('read_at', floor(extract(epoch FROM clock_timestamp()) * 1000)) AS whole,
  ${partOf('run_step', 'p.index', ['since', 'started_at', 'finished_at'])} AS steps,
  ${partOf('approval', 'p.requested_at, p.id', ['requested_at', 'expires_at', 'decided_at', 'used_at'])} AS approvals,
  ${partOf('effect_journal', 'p.id', ['intended_at', 'outcome_at'])} AS effects
  FROM run WHERE id = $1`

/** A whole run by one statement, so that all its parts are of one moment. Throws ExpectedError 'not-found'. */
export async function readRun(store: Sql, id: string): Promise<Run> {
  const { rows } = await query(store, wholeRunSql, [id], 'whole-run')
  const row = rows[0]
  if (!row) throw notFound('This run')
  return toRun(row.whole, row.steps, row.approvals, row.effects)
}

export interface RunFilter {
  active?: boolean
  incidentId?: string
  procedureId?: string
  limit?: number
}

/** Runs with their steps, what is asked now and broken glass, newest first; without other approvals and effects. */
export async function listRuns(store: Sql, filter: RunFilter = {}): Promise<Run[]> {
  const { rows } = await query(
    store,
    `SELECT *, clock_timestamp() AS read_at FROM run
     WHERE ($1::bool IS NULL OR (state NOT IN ('stopped','done','aborted')) = $1)
       AND ($2::text IS NULL OR incident_id = $2) AND ($3::text IS NULL OR procedure_id = $3)
     ORDER BY started_at DESC LIMIT $4`,
    [filter.active ?? null, filter.incidentId ?? null, filter.procedureId ?? null, filter.limit ?? 50],
  )
  const ids = [rows.map((r) => r.id)]
  const [steps, approvals] = await Promise.all([
    query(store, 'SELECT * FROM run_step WHERE run_id = ANY($1) ORDER BY index', ids),
    query(
      store,
      `SELECT * FROM approval WHERE run_id = ANY($1) AND (kind = 'break-glass' OR state = 'open') ORDER BY decided_at`,
      ids,
    ),
  ])
  return rows.map((row) =>
    toRun(
      row,
      steps.rows.filter((s) => s.run_id === row.id),
      approvals.rows.filter((a) => a.run_id === row.id),
      [],
    ),
  )
}

/** Ids of the runs that somebody must drive. */
export async function activeRunIds(store: Sql, environment: string): Promise<string[]> {
  const { rows } = await query(
    store,
    `SELECT id FROM run WHERE environment = $1 AND state NOT IN ('stopped','done','aborted') ORDER BY started_at`,
    [environment],
  )
  return rows.map((row) => row.id as string)
}
