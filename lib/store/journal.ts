import type { Call } from '../domain/procedure/call'
import type { JsonValue } from '../domain/procedure/canonical'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import type { EffectDirection, EffectOutcome } from '../domain/run/run'
import type { StepState } from '../domain/run/states'
import type { Store } from './client'
import { call, query } from './query'
import { type Fence, fenced } from './run-moves'

export type IntentRefusal = 'stale-epoch' | 'not-running' | 'asked-to-stop' | 'dry-run' | 'not-approved' | 'step-moved'

export interface Intent {
  runId: string
  stepId: string
  attempt: number
  direction: EffectDirection
  call: Call
  cli: string
  digest: string
  dangerous: boolean
  sentence: string
  /** The runner's own clock, kept apart from the store's. */
  appMs: number
}

/**
 * Commits the intent of an effect, with fence, approval, step and record, in one statement; nothing may be sent before
 * this answers `id`. Afterwards the step is `acting` (or stays `undoing`).
 */
export async function intend(
  store: Pick<Store, 'pool'>,
  fence: Fence,
  intent: Intent,
  draft: RecordDraft,
): Promise<{ id: string; refused: null } | { id: null; refused: IntentRefusal }> {
  const row = await call<{ journal_id: string | null; refused: IntentRefusal | null }>(
    store,
    'effect_intend',
    {
      ...fenced(fence),
      run: intent.runId,
      step: intent.stepId,
      attempt: intent.attempt,
      direction: intent.direction,
      call: JSON.stringify(intent.call),
      cli: intent.cli,
      digest: intent.digest,
      dangerous: intent.dangerous,
      sentence: intent.sentence,
      app_ms: Math.round(intent.appMs),
      body: recordBody(draft),
    },
    true,
  )
  if (row?.journal_id) return { id: row.journal_id, refused: null }
  return { id: null, refused: row?.refused ?? 'step-moved' }
}

interface Settlement {
  outcome: EffectOutcome
  message: string | null
  reply: { [name: string]: JsonValue } | null
  /** Where a step that was `acting` goes. */
  stepState: StepState
  sentence: string
  /** The outcome is unknown because a runner was lost, not because a reply was. */
  crashed: boolean
}

/** Writes an outcome, once. `moved` is false when the fence is gone: whoever drives the run now decides how it goes on. */
export async function settle(
  store: Pick<Store, 'pool'>,
  fence: Fence,
  id: string,
  s: Settlement,
  draft: RecordDraft,
): Promise<{ written: boolean; moved: boolean }> {
  const row = await call<{ written: boolean; moved: boolean }>(
    store,
    'effect_settle',
    {
      ...fenced(fence),
      id,
      outcome: s.outcome,
      message: s.message,
      reply: s.reply ? JSON.stringify(s.reply) : null,
      step_state: s.stepState,
      sentence: s.sentence,
      touched: s.outcome !== 'rejected',
      crashed: s.crashed,
      body: recordBody(draft),
    },
    true,
  )
  return row ?? { written: false, moved: false }
}

/** Is our turn still ours, by the store's clock, at this moment? */
export async function fenceHolds(store: Pick<Store, 'pool'>, fence: Fence): Promise<boolean> {
  const { rowCount } = await query(
    store,
    'SELECT 1 FROM lease WHERE name = $1 AND holder = $2 AND epoch = $3 AND expires_at > clock_timestamp()',
    [fence.lease, fence.holder, fence.epoch],
    'fence-holds',
  )
  return rowCount === 1
}
