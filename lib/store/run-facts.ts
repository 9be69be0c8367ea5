import type { JsonValue } from '../domain/procedure/canonical'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import type { Store } from './client'
import { query } from './query'
import type { Fence } from './run-moves'

type Facts = { [name: string]: JsonValue }

/**
 * What a watcher found of a run, also of one that is over, with the record; false when the run has moved since `version` was
 * read, or the runner's turn is over.
 */
export async function keepWatchFacts(
  store: Pick<Store, 'pool'>,
  fence: Fence,
  run: { id: string; version: number },
  facts: Facts,
  draft: RecordDraft,
): Promise<boolean> {
  const result = await query(
    store,
    `WITH f AS (SELECT 1 FROM lease WHERE name = $4 AND holder = $5 AND epoch = $6 AND expires_at > clock_timestamp() FOR KEY SHARE),
     r AS (UPDATE run SET facts = facts || $2::jsonb, version = version + 1 WHERE id = $1 AND version = $7 AND EXISTS (SELECT 1 FROM f) RETURNING 1)
     SELECT record_append($3) FROM r`,
    [run.id, JSON.stringify(facts), recordBody(draft), fence.lease, fence.holder, fence.epoch, run.version],
  )
  return result.rowCount === 1
}
