import type { RecordDraft } from '../domain/record/chain'
import { recordBody } from '../domain/record/chain'
import type { Store } from './client'
import type { Intent, IntentRefusal } from './journal'
import { query } from './query'
import type { Fence } from './run-moves'

/** Days for which a run is watched after it was started, where its watcher says nothing else. */
export const watchedDays = 7

/** Which runs a watcher looks after; see the watcher of a procedure. */
interface Watched {
  procedureId: string
  facts: string[]
  ended?: string
  owes?: string
  days?: number
}

/** Ids of those runs, the newest first, dry runs aside. Throws ExpectedError. */
export async function watchedRuns(
  store: Pick<Store, 'pool'>,
  environment: string,
  { procedureId, facts, ended, owes, days }: Watched,
): Promise<string[]> {
  const { rows } = await query(
    store,
    `SELECT r.id FROM run r WHERE r.environment = $1 AND r.procedure_id = $2 AND r.mode <> 'dry-run' AND r.facts ?& $3
       AND ($4::text IS NULL OR EXISTS (SELECT 1 FROM run_step s
         WHERE s.run_id = r.id AND s.step_id = $4 AND s.state IN ('confirmed', 'already-so', 'skipped')))
       AND ($5::text IS NULL OR r.state IN ('done', 'stopped')
         AND EXISTS (SELECT 1 FROM jsonb_path_query(r.facts, 'lax $.obligations[*]') AS o
           WHERE starts_with(o->>'id', $5) AND o->>'state' = 'open'))
       AND r.started_at > clock_timestamp() - make_interval(days => $6)
     ORDER BY r.started_at DESC LIMIT 20`,
    [environment, procedureId, facts, ended ?? null, owes ?? null, days ?? watchedDays],
  )
  return rows.map(({ id }: { id: string }) => id)
}

/** Commits the intent of an effect outside its step, under the approval that its run was given; see the function of this name in the migrations. */
export async function intendStanding(
  store: Pick<Store, 'pool'>,
  fence: Fence,
  intent: Pick<Intent, 'runId' | 'stepId' | 'call' | 'cli' | 'digest' | 'appMs'>,
  draft: RecordDraft,
): Promise<{ id: string; refused: null } | { id: null; refused: IntentRefusal | 'open' }> {
  const { rows } = await query(
    store,
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
    'effect_intend_standing',
  )
  const row: { journal_id: string | null; refused: IntentRefusal | 'open' | null } | undefined = rows[0]
  return row?.journal_id ? { id: row.journal_id, refused: null } : { id: null, refused: row?.refused ?? 'step-moved' }
}
