import type { RecordDraft } from '../domain/record/chain'
import { recordBody } from '../domain/record/chain'
import { type Store, storeError } from './client'
import type { Intent, IntentRefusal } from './journal'
import type { Fence } from './run-moves'

/** Days for which the old writer of a run is watched. */
export const watchedDays = 7

export interface OldWriter {
  runId: string
  oldId: string
  targetId: string
}

/** The runs whose failover happened, with the writers before and after, newest first: the former may come back. */
export async function oldWriters(store: Pick<Store, 'pool'>, environment: string): Promise<OldWriter[]> {
  try {
    const { rows } = await store.pool.query<OldWriter>(
      `SELECT r.id AS "runId", r.facts->'writerBefore'->>'id' AS "oldId", r.facts->'target'->>'id' AS "targetId" FROM run r JOIN run_step s ON s.run_id = r.id AND s.step_id = 'fence'
       WHERE r.environment = $1 AND r.mode <> 'dry-run' AND r.facts ? 'promotedAt' AND r.facts ? 'writerBefore' AND r.facts ? 'target'
         AND s.state IN ('confirmed', 'already-so', 'skipped')
         AND r.started_at > clock_timestamp() - make_interval(days => $2)
       ORDER BY r.started_at DESC LIMIT 20`,
      [environment, watchedDays],
    )
    return rows
  } catch (error) {
    throw storeError(error)
  }
}

/** Commits the intent of a fence outside its step; see the function of this name in the migrations. */
export async function intendStanding(
  store: Pick<Store, 'pool'>,
  fence: Fence,
  intent: Pick<Intent, 'runId' | 'stepId' | 'call' | 'cli' | 'digest' | 'appMs'>,
  draft: RecordDraft,
): Promise<{ id: string; refused: null } | { id: null; refused: IntentRefusal | 'open' }> {
  try {
    const { rows } = await store.pool.query<{ journal_id: string | null; refused: IntentRefusal | 'open' | null }>(
      'SELECT * FROM effect_intend_standing($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)',
      [
        fence.lease,
        fence.holder,
        fence.epoch,
        intent.runId,
        intent.stepId,
        JSON.stringify(intent.call),
        intent.cli,
        intent.digest,
        Math.round(intent.appMs),
        recordBody(draft),
      ],
    )
    const row = rows[0]
    return row?.journal_id ? { id: row.journal_id, refused: null } : { id: null, refused: row?.refused ?? 'step-moved' }
  } catch (error) {
    throw storeError(error)
  }
}
