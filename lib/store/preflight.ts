import type { JsonValue } from '../domain/procedure/canonical'
import type { Check, RunMode } from '../domain/procedure/types'
import type { PreflightView } from '../domain/run/view'
import type { Store } from './client'
import { ask, query } from './query'

type Sql = Pick<Store, 'pool'>

interface AskedPreflight {
  id: string
  procedureId: string
  inputs: { [name: string]: JsonValue }
  mode: RunMode
  environment: string
  askedBy: string
}

/**
 * A question that nobody began with for this long, and one that is not answered this long after somebody did, is told to have
 * no answer, ms; whoever waits asks again.
 */
const preflightAnswerMs = 22_000
/** Who asks what somebody was told less than this ago is told the same, ms. */
const preflightFreshMs = 3_000

/**
 * Asks a runner to look at the prerequisites, and answers the id by which the answer is read: that of another question when
 * it is the same. A person's older questions that nobody has begun with give way. Throws ExpectedError.
 */
export async function askPreflight(
  store: Sql,
  token: string,
  asked: Omit<AskedPreflight, 'askedBy'> & { digest: string },
): Promise<string> {
  const { environment, id, procedureId: procedure, mode, digest } = asked
  const [inputs, waits_ms, fresh_ms] = [JSON.stringify(asked.inputs), preflightAnswerMs, preflightFreshMs]
  const values = { token, environment, id, procedure, inputs, mode, digest, waits_ms, fresh_ms }
  return String(await ask<string>(store, 'preflight_ask_as', values))
}

/** Takes the question of this environment that has waited longest, for answering. Two runners never take the same. */
export async function takePreflight(
  store: Sql,
  environment: string,
): Promise<Omit<AskedPreflight, 'environment'> | null> {
  const { rows } = await query(
    store,
    `UPDATE preflight SET state = 'running', taken_at = clock_timestamp() WHERE id = (SELECT id FROM preflight
       WHERE environment = $1 AND state = 'asked' AND asked_at > clock_timestamp() - make_interval(secs => $2)
       ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING id, procedure_id, inputs, mode, asked_by_id`,
    [environment, preflightAnswerMs / 1000],
  )
  const row = rows[0]
  return row
    ? {
        id: row.id,
        procedureId: row.procedure_id,
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

/**
 * The question of this environment and, when it is there, its answer; null when there is no such question. One that nobody answered in time
 * reads as failed, so that no screen waits for ever.
 */
export async function readPreflight(store: Sql, environment: string, id: string): Promise<PreflightView | null> {
  const { rows } = await query(
    store,
    `SELECT *, CASE state WHEN 'asked' THEN asked_at WHEN 'running' THEN COALESCE(taken_at, asked_at) END
       < clock_timestamp() - make_interval(secs => $2) AS forgotten
     FROM preflight WHERE id = $1 AND environment = $3`,
    [id, preflightAnswerMs / 1000, environment],
  )
  const row = rows[0]
  if (!row) return null
  const checks = row.checks as Check[]
  return {
    id: row.id,
    state: row.forgotten ? 'failed' : row.state,
    askedAt: row.asked_at.getTime(),
    finishedAt: row.finished_at?.getTime() ?? null,
    checks,
    mayStart: row.state === 'done' && checks.every((c) => c.result !== 'block'),
    error: row.forgotten
      ? `No runner responded within ${preflightAnswerMs / 1000} s. The checks are repeated as soon as one does.`
      : row.error,
  }
}

export type LatestPreflight = {
  procedureId: string
  inputs: { [name: string]: JsonValue }
  at: number
  checks: Check[]
}

/** What a runner saw longer ago than this says nothing of now, minutes. */
const latelyMinutes = 10

/** The latest looks at prerequisites in this environment, newest first. Throws ExpectedError 'store-unavailable'. */
export async function readLatestPreflights(store: Sql, environment: string): Promise<LatestPreflight[]> {
  const { rows } = await query(
    store,
    `SELECT procedure_id, inputs, finished_at, checks FROM preflight
     WHERE environment = $1 AND state = 'done' AND finished_at > clock_timestamp() - make_interval(mins => $2)
     ORDER BY finished_at DESC LIMIT 40`,
    [environment, latelyMinutes],
  )
  return rows.map((row) => ({
    procedureId: row.procedure_id,
    inputs: row.inputs,
    at: row.finished_at.getTime(),
    checks: row.checks,
  }))
}
