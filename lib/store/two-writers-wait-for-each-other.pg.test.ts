// A person presses a button while the runner writes about the same run. Each statement changes the run and appends to the
// record; the one that held the record's head while it waited for the run would make PostgreSQL end one of the two.
import { describe, expect, test } from 'vitest'
import { actorOf } from '../commands/context'
import { signedIn } from '../commands/testing/signed-in'
import {
  stagedDraft as draft,
  stagedFence as fence,
  stagedDecider,
  stagedRequest,
  stagedRun,
  stageRun,
} from '../commands/testing/staged-run'
import type { RunState, StepState } from '../domain/run/states'
import { decideApproval, dropApproval, requestApproval } from './approval'
import type { Store } from './client'
import { appendRecordSql } from './record'
import { startRun } from './run'
import { reviseRun, setWish } from './run-decisions'
import { moveRun, moveStep } from './run-moves'
import { databasePerTest } from './testing/database'

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
/** Bo, who may decide everything, and the entries that Bo writes. */
async function person() {
  const bo = await signedIn(database(), { login: 'bo', name: 'Bo', role: 'commander' }, { name: 'lab', kind: 'lab' })
  const entry = (kind: string, runId: string) => ({ kind, actor: actorOf(bo), text: 'x', runId })
  return { bo, entry }
}
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
  [
    'a new run',
    {
      write: async () => {
        const { bo, entry } = await person()
        await startRun(database().web, bo.token, { ...stagedRun, id: 'r2' }, entry('run.started', 'r2'))
      },
      held: 'DELETE FROM resource_lock',
    },
  ],
  ['a request for approval', { write: (s) => requestApproval(s, fence, 'r', { id: 'b', ...stagedRequest }, draft) }],
  [
    'an approval',
    {
      write: async () => {
        const { as, draft: given } = await stagedDecider(database())
        if ((await decideApproval(database().web, as, 'a', yes, given)) !== null) throw new Error('refused')
      },
    },
  ],
  ['an approval that falls', { write: (s) => dropApproval(s, 'a', 'void', draft) }],
  [
    'a wish',
    {
      write: async () => {
        const { bo, entry } = await person()
        expect(await setWish(database().web, bo, 'r', 'pause', entry('run.asked-to-pause', 'r'))).toBe(true)
      },
    },
  ],
  [
    'a run that is revised',
    {
      state: 'needs-person',
      step: 'failed',
      write: async () => {
        const { bo, entry } = await person()
        const by = { id: bo.person.id, name: bo.person.name }
        const decision = { event: 'revise', stepId: 's', permission: 'command', by, attempts: 0, checked: false }
        const change = { stepId: 's', facts: { decision }, again: ['s'], sentence: 'Again.' }
        const draft = { ...entry('run.revised', 'r'), stepId: 's' }
        await reviseRun(database().web, bo, { id: 'r', version: 1 }, change, draft)
      },
    },
  ],
]

describe('whoever holds the run writes to the record at once, and is not waited for by', () => {
  test.each(cases)('%s', async (_what, { write, state, step, held = 'UPDATE run SET version = version + 1' }) => {
    const { runner: store } = database()
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
          const { rows } = await database().owner.pool.query(
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
