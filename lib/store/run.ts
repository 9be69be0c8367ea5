import type pg from 'pg'
import { conflict, notFound } from '../domain/errors'
import type { JsonValue } from '../domain/procedure/canonical'
import type { Check } from '../domain/procedure/types'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import type { Run } from '../domain/run/run'
import {
  nextRun,
  nextStep,
  type RunEvent,
  type RunState,
  runIsOver,
  type StepEvent,
  type StepState,
} from '../domain/run/states'
import { type Store, storeError } from './client'
import { toRun } from './run-rows'

type Sql = Pick<Store, 'pool'>
/** Our turn at driving runs: refused in the same statement when it is no longer ours by the store's clock. */
export interface Fence {
  lease: string
  holder: string
  epoch: number
}

/** A named statement is planned once for each connection: those of each piece of work are. */
const query = async (store: Sql, text: string, values: unknown[], name?: string): Promise<pg.QueryResult> => {
  try {
    return await store.pool.query({ name, text, values })
  } catch (error) {
    throw storeError(error)
  }
}

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
  /** Only one active run may hold each; a dry run holds none. */
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
         FROM jsonb_array_elements($16::jsonb) WITH ORDINALITY AS x(step, ord)),
       l AS (INSERT INTO resource_lock (resource, run_id, taken_at) SELECT unnest($17::text[]), $1, clock_timestamp())
       SELECT record_append($18) FROM r`,
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

/** The run that holds any of these resources, or null. */
export async function lockHolder(store: Sql, resources: string[], except: string | null = null) {
  const { rows } = await query(
    store,
    `SELECT r.id, r.title, r.started_by_name AS "startedByName" FROM resource_lock l JOIN run r ON r.id = l.run_id
     WHERE l.resource = ANY($1) AND l.run_id IS DISTINCT FROM $2 LIMIT 1`,
    [resources, except],
  )
  return (rows[0] as { id: string; title: string; startedByName: string } | undefined) ?? null
}

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

/** Runs with their steps and broken glass, newest first; without other approvals and without effects. */
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
  const [steps, alone] = await Promise.all([
    query(store, 'SELECT * FROM run_step WHERE run_id = ANY($1) ORDER BY index', ids),
    query(store, `SELECT * FROM approval WHERE run_id = ANY($1) AND kind = 'break-glass' ORDER BY decided_at`, ids),
  ])
  return rows.map((row) =>
    toRun(
      row,
      steps.rows.filter((s) => s.run_id === row.id),
      alone.rows.filter((a) => a.run_id === row.id),
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

export interface StepMove {
  from: StepState
  event: StepEvent
  sentence?: string
  facts?: { [name: string]: JsonValue }
  touched?: boolean
  skippedBy?: { id: string; name: string; reason: string }
}

const fenceClause = `SELECT 1 FROM lease WHERE name = $1 AND holder = $2 AND epoch = $3 AND expires_at > clock_timestamp() FOR SHARE`
const fenceValues = (fence: Fence | null) => [fence?.lease ?? null, fence?.holder ?? null, fence?.epoch ?? null]
const finished: StepState[] = ['confirmed', 'already-so', 'skipped', 'undone']

/**
 * Moves a step by one listed transition, with the record, in one statement; the runner's moves carry its fence, a
 * person's carry none. False when the step is elsewhere by now or the fence is gone. Throws when no such row is listed.
 */
export async function moveStep(
  store: Sql,
  fence: Fence | null,
  runId: string,
  stepId: string,
  { from, event, sentence, facts, touched, skippedBy }: StepMove,
  draft: RecordDraft,
): Promise<boolean> {
  const row = nextStep(from, event)
  if (!row) throw new Error(`A step in state ${from} has no way on by ${event}`)
  const result = await query(
    store,
    `WITH f AS (${fenceClause}),
     s AS (UPDATE run_step SET state = $7, sentence = $8, touched = touched OR $9, since = clock_timestamp(),
         started_at = COALESCE(started_at, clock_timestamp()),
         finished_at = CASE WHEN $10 THEN clock_timestamp() END,
         skipped_by_id = COALESCE($12, skipped_by_id), skipped_by_name = COALESCE($13, skipped_by_name),
         skip_reason = COALESCE($14, skip_reason)
       WHERE run_id = $4 AND step_id = $5 AND state = $6 AND ($1::text IS NULL OR EXISTS (SELECT 1 FROM f)) RETURNING 1),
     r AS (UPDATE run SET current_step_id = $5, facts = facts || $11::jsonb, version = version + 1
       WHERE id = $4 AND EXISTS (SELECT 1 FROM s))
     SELECT record_append($15) FROM s`,
    [
      ...fenceValues(fence),
      runId,
      stepId,
      from,
      row.to,
      sentence ?? row.says,
      touched ?? false,
      finished.includes(row.to),
      JSON.stringify(facts ?? {}),
      skippedBy?.id ?? null,
      skippedBy?.name ?? null,
      skippedBy?.reason ?? null,
      recordBody(draft),
    ],
    'move-step',
  )
  return result.rowCount === 1
}

export interface RunMove {
  from: RunState
  event: RunEvent
  sentence?: string
  checks?: Check[]
  facts?: { [name: string]: JsonValue }
}

/** Moves a run likewise; an end frees its locks, and time spent waiting for people is counted. */
export async function moveRun(
  store: Sql,
  fence: Fence | null,
  runId: string,
  m: RunMove,
  draft: RecordDraft,
): Promise<boolean> {
  const row = nextRun(m.from, m.event)
  if (!row) throw new Error(`A run in state ${m.from} has no way on by ${m.event}`)
  const forPeople = (state: RunState) => state === 'waiting' || state === 'needs-person' || state === 'paused'
  const result = await query(
    store,
    `WITH f AS (${fenceClause}),
     r AS (UPDATE run SET state = $6, sentence = $7, version = version + 1,
         wish = CASE WHEN $6 IN ('paused','stopped','done','aborted') THEN NULL ELSE wish END,
         checks = COALESCE($8::jsonb, checks), facts = facts || $9::jsonb,
         finished_at = CASE WHEN $10 THEN clock_timestamp() END,
         waited_ms = waited_ms + COALESCE((extract(epoch FROM clock_timestamp() - waiting_since) * 1000)::int, 0),
         waiting_since = CASE WHEN $11 THEN clock_timestamp() END
       WHERE id = $4 AND state = $5 AND ($1::text IS NULL OR EXISTS (SELECT 1 FROM f)) RETURNING 1),
     l AS (DELETE FROM resource_lock WHERE run_id = $4 AND $10 AND EXISTS (SELECT 1 FROM r))
     SELECT record_append($12) FROM r`,
    [
      ...fenceValues(fence),
      runId,
      m.from,
      row.to,
      m.sentence ?? row.says,
      m.checks ? JSON.stringify(m.checks) : null,
      JSON.stringify(m.facts ?? {}),
      runIsOver(row.to),
      forPeople(row.to),
      recordBody(draft),
    ],
    'move-run',
  )
  return result.rowCount === 1
}

/** Adds to what a run knows without moving it. */
export async function addFacts(
  store: Sql,
  fence: Fence,
  runId: string,
  facts: { [name: string]: JsonValue },
): Promise<boolean> {
  const result = await query(
    store,
    `WITH f AS (${fenceClause}) UPDATE run SET facts = facts || $5::jsonb, version = version + 1 WHERE id = $4 AND EXISTS (SELECT 1 FROM f)`,
    [...fenceValues(fence), runId, JSON.stringify(facts)],
    'add-facts',
  )
  return result.rowCount === 1
}

/** What a step is doing, for people; not a move and not recorded. */
export async function saySentence(
  store: Sql,
  fence: Fence,
  runId: string,
  stepId: string,
  sentence: string,
): Promise<void> {
  await query(
    store,
    `WITH f AS (${fenceClause}), s AS (UPDATE run_step SET sentence = $6 WHERE run_id = $4 AND step_id = $5 AND EXISTS (SELECT 1 FROM f))
     UPDATE run SET version = version + 1 WHERE id = $4 AND EXISTS (SELECT 1 FROM f)`,
    [...fenceValues(fence), runId, stepId, sentence],
    'say-sentence',
  )
}

/** The command that a step would send, shown before anything is done. */
export async function showCall(
  store: Sql,
  fence: Fence,
  runId: string,
  stepId: string,
  cli: string,
  digest: string,
): Promise<void> {
  await query(
    store,
    `WITH f AS (${fenceClause}) UPDATE run_step SET cli = $6, digest = $7 WHERE run_id = $4 AND step_id = $5 AND EXISTS (SELECT 1 FROM f)`,
    [...fenceValues(fence), runId, stepId, cli, digest],
    'show-call',
  )
}

/** A person's wish, fulfilled by the runner at the next safe point. False when the run is over. */
export async function setWish(
  store: Sql,
  runId: string,
  wish: 'pause' | 'stop' | null,
  draft: RecordDraft,
): Promise<boolean> {
  const result = await query(
    store,
    `WITH r AS (UPDATE run SET wish = $2, version = version + 1 WHERE id = $1 AND state NOT IN ('stopped','done','aborted')
       AND wish IS DISTINCT FROM 'stop' RETURNING 1) SELECT record_append($3) FROM r`,
    [runId, wish, recordBody(draft)],
  )
  return result.rowCount === 1
}
