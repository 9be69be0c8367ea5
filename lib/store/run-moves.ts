import type { JsonValue } from '../domain/procedure/canonical'
import type { Check } from '../domain/procedure/types'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import {
  nextRun,
  nextStep,
  type RunEvent,
  type RunState,
  runIsOver,
  type StepEvent,
  type StepState,
} from '../domain/run/states'
import type { Store } from './client'
import { query } from './query'

/*
 * How runs and steps move: each move is one statement, by one listed transition, with its entry in the record. The main
 * SELECT reads every change that the statement makes, because PostgreSQL leaves those that are not read until after it:
 * the record's head, which all writers share, would then be held while a row of a run is waited for, and whoever holds
 * that row waits for the head. Order of locks: lease, step or approval, run, head.
 */

type Sql = Pick<Store, 'pool'>
/** Our turn at driving runs: refused in the same statement when it is no longer ours by the store's clock. */
export interface Fence {
  lease: string
  holder: string
  epoch: number
}

export interface StepMove {
  from: StepState
  event: StepEvent
  sentence?: string
  facts?: { [name: string]: JsonValue }
  touched?: boolean
  skippedBy?: { id: string; name: string; reason: string }
}

const fenceClause = `SELECT 1 FROM lease WHERE name = $1 AND holder = $2 AND epoch = $3 AND expires_at > clock_timestamp() FOR KEY SHARE`
const fenceValues = (fence: Fence) => [fence.lease, fence.holder, fence.epoch]
export const finishedStates: StepState[] = ['confirmed', 'already-so', 'skipped', 'undone']

/**
 * Moves a step by one listed transition, with the record, in one statement, under the runner's fence. False when the step is
 * elsewhere by now or the fence is gone. Throws when no such row is listed.
 */
export async function moveStep(
  store: Sql,
  fence: Fence,
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
       WHERE run_id = $4 AND step_id = $5 AND state = $6 AND EXISTS (SELECT 1 FROM f) RETURNING 1),
     r AS (UPDATE run SET current_step_id = $5, facts = facts || $11::jsonb, version = version + 1
       WHERE id = $4 AND EXISTS (SELECT 1 FROM s) RETURNING 1)
     SELECT record_append($15) FROM r`,
    [
      ...fenceValues(fence),
      runId,
      stepId,
      from,
      row.to,
      sentence ?? row.says,
      touched ?? false,
      finishedStates.includes(row.to),
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
  /** Only while nothing else of the run was written since it was read. */
  version?: number
}

/** Moves a run likewise; an end frees its locks, and time spent waiting for people is counted. */
export async function moveRun(
  store: Sql,
  fence: Fence,
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
       WHERE id = $4 AND state = $5 AND version = COALESCE($13, version) AND EXISTS (SELECT 1 FROM f) RETURNING 1),
     l AS (DELETE FROM resource_lock WHERE run_id = $4 AND $10 AND EXISTS (SELECT 1 FROM r) RETURNING 1)
     SELECT record_append($12) FROM r WHERE (SELECT count(*) FROM l) >= 0`,
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
      m.version ?? null,
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
    `WITH f AS (${fenceClause}),
     s AS (UPDATE run_step SET sentence = $6 WHERE run_id = $4 AND step_id = $5 AND EXISTS (SELECT 1 FROM f) RETURNING 1)
     UPDATE run SET version = version + 1 WHERE id = $4 AND EXISTS (SELECT 1 FROM s)`,
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
