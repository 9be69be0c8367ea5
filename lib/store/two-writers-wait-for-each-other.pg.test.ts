// A person presses a button while the runner writes about the same run. Each statement changes the run and appends to the
// record; the one that held the record's head while it waited for the run would make PostgreSQL end one of the two.
import { describe, expect, test } from 'vitest'
import { databasePerTest } from '../../bin/testing/database'
import {
  stagedDraft as draft,
  stagedFence as fence,
  stagedDecider,
  stagedRequest,
  stagedRun,
  stageRun,
} from '../../bin/testing/staged-run'
import type { RunState, StepState } from '../domain/run/states'
import { decideApproval, dropApproval, requestApproval } from './approval'
import type { Store } from './client'
import { appendRecordSql } from './record'
import { createRun } from './run'
import { moveRun, moveStep, reviseRun, setWish } from './run-moves'

const database = databasePerTest()
interface Case {
  write: (store: Store) => Promise<unknown>
  /** States of the run and of its step before. */
  state?: RunState
  step?: StepState
  /** What the other writer has changed and not committed. */
  held?: string
}
const yes = {
  state: 'approved',
  kind: 'second-person',
  reason: null,
  digest: 'shown',
  assertion: null,
} as const
const cases: [string, Case][] = [
  [
    'a step that moves',
    { write: (s) => moveStep(s, fence, 'r', 's', { from: 'checking', event: 'found-done' }, draft) },
  ],
  [
    'a run that moves',
    { step: 'waiting', write: (s) => moveRun(s, fence, 'r', { from: 'running', event: 'ask' }, draft) },
  ],
  [
    'a run that ends and frees its locks',
    {
      write: (s) => moveRun(s, fence, 'r', { from: 'running', event: 'finish' }, draft),
      held: 'DELETE FROM resource_lock',
    },
  ],
  ['a new run', { write: (s) => createRun(s, { ...stagedRun, id: 'r2' }, draft), held: 'DELETE FROM resource_lock' }],
  ['a request for approval', { write: (s) => requestApproval(s, fence, 'r', { id: 'b', ...stagedRequest }, draft) }],
  [
    'an approval',
    {
      write: async (s) => {
        const { as, draft: given } = await stagedDecider(s)
        if ((await decideApproval(s, as, 'a', yes, given)) !== null) throw new Error('refused')
      },
    },
  ],
  ['an approval that falls', { write: (s) => dropApproval(s, 'a', 'void', draft) }],
  ['a wish', { write: (s) => setWish(s, 'r', 'pause', draft) }],
  [
    'a run that is revised',
    {
      state: 'needs-person',
      step: 'failed',
      write: (s) => reviseRun(s, { id: 'r', version: 1 }, { facts: {}, again: ['s'], sentence: 'Again.' }, draft),
    },
  ],
]

describe('whoever holds the run writes to the record at once, and is not waited for by', () => {
  test.each(cases)('%s', async (_what, { write, state, step, held = 'UPDATE run SET version = version + 1' }) => {
    const { store } = database()
    await stageRun(database(), state, step)
    const other = await store.pool.connect()
    try {
      await other.query('BEGIN')
      await other.query(held)
      const outcome = write(store).then(
        () => 'written',
        (error: unknown) => String(error),
      )
      await expect
        .poll(async () => {
          const { rows } = await store.pool.query(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
          )
          return rows.length
        })
        .toBe(1)
      await appendRecordSql(other, draft)
      await other.query('COMMIT')
      expect(await outcome).toBe('written')
    } finally {
      other.release()
    }
  })
})
