import type { ClientBase } from 'pg'
import type { Actor } from '../../domain/actor'
import {
  activeRunStates,
  brokenOffStepSentence,
  brokenOffStepStates,
  lostOutcomeMessage,
  restoredPreparingSentence,
  restoredRunSentence,
  withdrawnMessage,
} from '../../domain/run/restored'
import { stepIsSettled, stepStates } from '../../domain/run/states'
import { counted, utcMinute } from '../../domain/units'
import { appendRecordSql } from '../record'
import { watchedDays } from '../standing'
import { triggersOff } from './triggers'

export interface Settled {
  runs: { id: string; title: string }[]
  approvals: number
  effects: number
  sessions: number
  messages: number
}

/** A fencing token that the lost store may have given out is below all that come now. */
const epochsApart = 1_000_000
const actor: Actor = { kind: 'service', name: 'Restore of the store' }

/**
 * Makes a restored store safe to work on, inside the caller's transaction. Nobody knows what happened after the
 * backup. So runs under way wait for a person, no approval can be used, leases and sessions are ended, messages are not sent
 * again, and the record says so. `takenAt` is the time of the backup, ms. Runs as the owner of the tables.
 */
export async function settleRestored(
  client: ClientBase,
  { takenAt, evidence }: { takenAt: number; evidence: { [name: string]: unknown } },
): Promise<Settled> {
  const count = async (sql: string, values: unknown[] = []) => (await client.query(sql, values)).rowCount ?? 0
  const { rows: runs } = await client.query<{ id: string; title: string; state: string; incident: string | null }>(
    `SELECT id, title, state, incident_id AS incident FROM run WHERE state = ANY($1) ORDER BY started_at, id FOR UPDATE`,
    [activeRunStates],
  )
  const ids = runs.map(({ id }) => id)
  // The store lets runs move as people and runners move them; this is neither, and a backup may know an earlier table of moves.
  const switchBack = await triggersOff(client, [
    'run',
    'run_step',
    'effect_journal',
    'approval',
    'lease',
    'session',
    'outbox',
  ])
  // An intent without an outcome may have been carried out and more; it is never taken up as if it were news.
  const effects = await count(
    `UPDATE effect_journal SET outcome = 'unknown', outcome_at = clock_timestamp(), message = $1 WHERE outcome IS NULL`,
    [lostOutcomeMessage],
  )
  await count(
    `UPDATE run_step SET state = 'failed', sentence = $3, since = clock_timestamp(), crashed = false,
       touched = touched OR state IN ('acting', 'unknown') WHERE run_id = ANY($1) AND state = ANY($2)`,
    [ids, brokenOffStepStates, brokenOffStepSentence],
  )
  // Between two steps, or before the first, there is none that a person could decide about: the next one asks.
  await count(
    `UPDATE run_step s SET state = 'failed', sentence = $3, since = clock_timestamp(), started_at = COALESCE(s.started_at, clock_timestamp())
     FROM (${firstOpenStep}) next
     WHERE s.run_id = next.run_id AND s.step_id = next.step_id AND next.state = 'pending'`,
    [ids, settledStates, brokenOffStepSentence],
  )
  await count(
    `UPDATE run r SET state = 'needs-person', wish = NULL, version = version + 1,
       sentence = CASE WHEN r.state = 'preparing' THEN $4 ELSE $3 END,
       facts = (SELECT COALESCE(jsonb_object_agg(f.key, f.value), '{}') FROM jsonb_each(facts) f
         WHERE f.key <> 'decision' AND NOT starts_with(f.key, 'decision/')), waiting_since = clock_timestamp(),
       current_step_id = COALESCE((SELECT next.step_id FROM (${firstOpenStep}) next WHERE next.run_id = r.id), current_step_id)
     WHERE id = ANY($1)`,
    [ids, settledStates, restoredRunSentence(takenAt), restoredPreparingSentence(takenAt)],
  )
  // Those of runs that are over can still be used while they are watched; older ones are history and stay.
  const approvals = await count(
    `UPDATE approval a SET state = 'void' FROM run r WHERE r.id = a.run_id AND a.state IN ('open', 'approved')
       AND (a.run_id = ANY($1) OR r.started_at > clock_timestamp() - make_interval(days => $2))`,
    [ids, watchedDays],
  )
  await count(`UPDATE lease SET epoch = epoch + $1, expires_at = least(expires_at, clock_timestamp())`, [epochsApart])
  const sessions = await count(
    `UPDATE session SET revoked_at = clock_timestamp() WHERE revoked_at IS NULL AND expires_at > clock_timestamp()`,
  )
  const messages = await count(`UPDATE outbox SET state = 'withdrawn', says = $1 WHERE state = 'queued'`, [
    withdrawnMessage,
  ])
  await switchBack()
  const when = utcMinute(takenAt)
  await appendRecordSql(client, {
    kind: 'store.restored',
    actor,
    text: `The store was restored from a backup of ${when}: ${counted(runs.length, 'active run')} paused, ${counted(approvals, 'approval')} invalidated, ${counted(sessions, 'session')} ended.`,
    evidence: { ...evidence, runs: ids, approvals, effects, sessions, messages },
  })
  for (const run of runs)
    await appendRecordSql(client, {
      kind: 'run.restored',
      actor,
      text: `${run.title}: paused, because the store was restored from a backup of ${when}. A person decides how to continue.`,
      runId: run.id,
      incidentNumber: run.incident === null ? null : Number(run.incident),
      evidence: { stateInBackup: run.state },
    })
  return { runs: runs.map(({ id, title }) => ({ id, title })), approvals, effects, sessions, messages }
}

const settledStates = stepStates.filter(stepIsSettled)
/** Of runs $1, the first step that is not settled ($2). */
const firstOpenStep = `SELECT DISTINCT ON (run_id) run_id, step_id, state FROM run_step
  WHERE run_id = ANY($1) AND state <> ALL($2) ORDER BY run_id, index`
