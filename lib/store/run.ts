import { conflict, notFound } from '../domain/errors'
import type { Stage } from '../domain/procedure/types'
import { incidentInRecord, type RecordDraft, recordBody } from '../domain/record/chain'
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
    | 'incidentNumber'
    | 'reason'
    | 'twoPersons'
    | 'inputs'
    | 'facts'
    | 'startedBy'
  > {
  steps: { stepId: string; title: string; effect: string; definitionHash: string; optional?: boolean; stage?: Stage }[]
  /** Only one active run may hold each: the cluster, or one of the places of dry runs. */
  resources: string[]
}

/** What people want of a run, which is fulfilled at its next safe point; null when nothing. Throws ExpectedError. */
export async function readWish(store: Sql, runId: string): Promise<string | null> {
  const { rows } = await query(store, 'SELECT wish FROM run WHERE id = $1', [runId])
  return rows[0]?.wish ?? null
}

/**
 * Starts a run as the person of this session: run, steps, locks and record at once, after the store has looked at the session,
 * the right, the environment and its policy itself. Throws ExpectedError 'conflict' naming the other run when a resource is taken.
 */
export async function startRun(store: Sql, token: string, run: NewRun, draft: RecordDraft): Promise<void> {
  const { environment, environmentKind: _kind, startedBy: _starter, incidentNumber, ...asked } = run
  try {
    await store.pool.query('SELECT run_start($1, $2, $3, $4)', [
      token,
      environment,
      JSON.stringify({
        ...asked,
        incidentId: incidentNumber === null ? null : incidentInRecord(incidentNumber),
        says: 'Checking prerequisites.',
      }),
      recordBody(draft),
    ])
  } catch (error) {
    const { code, constraint } = error as { code?: string; constraint?: string }
    if (code === '23505' && constraint === 'resource_lock_pkey') {
      const other = await lockHolder(store, environment, run.resources)
      throw conflict(
        other
          ? `${other.startedByName} has a run on this cluster already: ${other.title}.`
          : 'Another run has this cluster.',
      )
    }
    throw storeError(error)
  }
}

interface LockHolder {
  resource: string
  id: string
  title: string
  startedByName: string
}

/** The runs that hold these resources, each with the resource that it holds. */
export async function lockHolders(
  store: Sql,
  environment: string,
  resources: string[],
  except: string | null = null,
): Promise<LockHolder[]> {
  const { rows } = await query(
    store,
    `SELECT l.resource, r.id, r.title, r.started_by_name AS "startedByName" FROM resource_lock l JOIN run r ON r.id = l.run_id
     WHERE l.environment = $3 AND l.resource = ANY($1) AND l.run_id IS DISTINCT FROM $2 ORDER BY l.resource`,
    [resources, except, environment],
  )
  return rows
}

/** The run that holds any of these resources, or null. */
export const lockHolder = async (store: Sql, environment: string, resources: string[], except: string | null = null) =>
  (await lockHolders(store, environment, resources, except))[0] ?? null

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
  FROM run WHERE id = $1 AND ($2::text IS NULL OR environment = $2)`

/**
 * A whole run by one statement, so that all its parts are of one moment. Throws ExpectedError 'not-found', also when it is of
 * another environment than the one that is named.
 */
export async function readRun(store: Sql, id: string, environment: string | null = null): Promise<Run> {
  const { rows } = await query(store, wholeRunSql, [id, environment], 'whole-run')
  const row = rows[0]
  if (!row) throw notFound('This run')
  return toRun(row.whole, row.steps, row.approvals, row.effects)
}

interface RunFilter {
  environment?: string
  active?: boolean
  incidentNumber?: number
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
       AND ($5::text IS NULL OR environment = $5)
     ORDER BY started_at DESC LIMIT $4`,
    [
      filter.active ?? null,
      filter.incidentNumber === undefined ? null : incidentInRecord(filter.incidentNumber),
      filter.procedureId ?? null,
      filter.limit ?? 50,
      filter.environment ?? null,
    ],
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
    'active-runs',
  )
  return rows.map((row) => row.id as string)
}
