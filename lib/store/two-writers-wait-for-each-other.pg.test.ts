// A person presses a button while the runner writes about the same run. Each statement changes the run and appends to the
// record; the one that held the record's head while it waited for the run would make PostgreSQL end one of the two.
import { describe, expect, test } from 'vitest'
import { databasePerTest } from '../../bin/testing/database'
import type { RecordDraft } from '../domain/record/chain'
import type { RunState } from '../domain/run/states'
import { decideApproval, dropApproval, requestApproval } from './approval'
import type { Store } from './client'
import { appendRecordSql } from './record'
import { createRun, type NewRun } from './run'
import { type Fence, moveRun, moveStep, reviseRun, setWish } from './run-moves'

const database = databasePerTest()
const draft: RecordDraft = { kind: 'run.said', actor: { kind: 'runner', name: 'runner', epoch: 1 }, text: 'x' }
const fence: Fence = { lease: 'collector:lab', holder: 'runner', epoch: 1 }

const run: NewRun = {
  id: 'r',
  procedureId: 'p',
  procedureVersion: 1,
  title: 'P',
  mode: 'drill',
  environment: 'lab',
  environmentKind: 'lab',
  cluster: 'c',
  incidentId: null,
  reason: 'why',
  twoPersons: true,
  inputs: {},
  facts: {},
  startedBy: { id: 'anna', name: 'Anna' },
  steps: [{ stepId: 's', title: 'S', effect: 'SAFE', definitionHash: 'h' }],
  resources: ['cluster:c'],
}
const asked = {
  stepId: 's',
  digest: 'd',
  title: 'Yes?',
  shown: {},
  bound: {},
  covers: [],
  typeToConfirm: 'c',
} as unknown as Omit<Parameters<typeof requestApproval>[3], 'id'>

interface Case {
  write: (store: Store) => Promise<unknown>
  /** State of the run before. */
  state?: RunState
  /** What the other writer has changed and not committed. */
  held?: string
}
const yes = {
  state: 'approved',
  kind: 'second-person',
  by: { id: 'bo', name: 'Bo' },
  reason: null,
  digest: 'd',
} as const
const cases: [string, Case][] = [
  ['a step that moves', { write: (s) => moveStep(s, fence, 'r', 's', { from: 'pending', event: 'begin' }, draft) }],
  ['a run that moves', { write: (s) => moveRun(s, fence, 'r', { from: 'running', event: 'ask' }, draft) }],
  [
    'a run that ends and frees its locks',
    {
      write: (s) => moveRun(s, fence, 'r', { from: 'running', event: 'finish' }, draft),
      held: 'DELETE FROM resource_lock',
    },
  ],
  ['a new run', { write: (s) => createRun(s, { ...run, id: 'r2' }, draft), held: 'DELETE FROM resource_lock' }],
  ['a request for approval', { write: (s) => requestApproval(s, fence, 'r', { id: 'b', ...asked }, draft) }],
  ['an approval', { write: (s) => decideApproval(s, 'a', yes, draft) }],
  ['an approval that falls', { write: (s) => dropApproval(s, 'a', 'void', draft) }],
  ['a wish', { write: (s) => setWish(s, 'r', 'pause', draft) }],
  [
    'a run that is revised',
    {
      state: 'needs-person',
      write: (s) => reviseRun(s, { id: 'r', version: 1 }, { facts: {}, again: ['s'], sentence: 'Again.' }, draft),
    },
  ],
]

describe('whoever holds the run writes to the record at once, and is not waited for by', () => {
  test.each(cases)('%s', async (_what, { write, state = 'running', held = 'UPDATE run SET version = version + 1' }) => {
    const { store } = database()
    await createRun(store, run, draft)
    await store.pool.query(
      "INSERT INTO lease (name, holder, epoch, expires_at) VALUES ($1, $2, $3, now() + '1 hour')",
      [fence.lease, fence.holder, fence.epoch],
    )
    await requestApproval(store, fence, 'r', { id: 'a', ...asked }, draft)
    await store.pool.query('UPDATE run SET state = $1, version = 1', [state])
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
