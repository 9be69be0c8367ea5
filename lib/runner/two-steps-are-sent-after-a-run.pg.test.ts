// After a run two of its settled steps are sent by watches, one after the other: what was sent for the one keeps nobody from the other.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { stagedRun } from '../commands/testing/staged-run'
import type { Call } from '../domain/procedure/call'
import { digestOf } from '../domain/procedure/canonical'
import { settle } from '../store/journal'
import { leaseStore } from '../store/lease'
import { readRun } from '../store/run'
import { intendStanding } from '../store/standing'
import { databasePerTest } from '../store/testing/database'
import { createRun } from '../store/testing/runs'

const database = databasePerTest()
const actor = { kind: 'runner', name: 'one', epoch: 1 } as const

test.each(['already-so', 'confirmed'])('steps that ended as %s can both be sent again', async (state) => {
  const store = database().runner
  const held = await leaseStore(store).acquire('runs:test', 'one', 60_000)
  if (!held.held) throw new Error('one does not hold the lease')
  const fence = { lease: 'runs:test', holder: 'one', epoch: held.epoch }
  const runId = randomUUID().slice(0, 8)
  const steps = ['first', 'second'].map((stepId) => ({
    ...{ stepId, title: stepId, effect: 'DANGEROUS' as const, definitionHash: '' },
  }))
  await createRun(
    database().owner,
    {
      ...{ ...stagedRun, id: runId, procedureId: 'primary-failover', mode: 'real', environment: 'test' },
      ...{ environmentKind: 'production', inputs: {}, facts: {}, startedBy: { id: 'starter', name: 'Starter' } },
      ...{ steps, resources: [] },
    },
    { kind: 'run.started', actor: { kind: 'person', id: 'starter', name: 'Starter' }, text: 'Started', runId },
  )
  await database().force(`UPDATE run_step SET state = '${state}', since = now() WHERE run_id = $1`, [runId])
  await database().force(`UPDATE run SET state = 'done' WHERE id = $1`, [runId])
  const call: Call = { kind: 'sql', host: 'h', port: 1, user: 'u', database: 'd', statements: ['SELECT 1'] }
  const digest = digestOf(call)
  const covers = steps.map(({ stepId }) => ({ stepId, digest, standing: true }))
  await database().owner.pool.query(
    `INSERT INTO approval (id, run_id, step_id, digest, title, shown, bound, covers, type_to_confirm, state, kind,
       requested_at, expires_at, decided_at, decided_by_id, decided_by_name, used_at)
     VALUES ($1, $2, 'first', '', '', '{}', '{}', $3, '', 'approved', 'second-person', now(), now(), now(), 'other', 'Other', now())`,
    [randomUUID(), runId, JSON.stringify(covers)],
  )
  for (const { stepId } of [...steps, ...steps]) {
    const note = { kind: 'effect.intent', actor, text: stepId, runId, incidentNumber: null, stepId, evidence: {} }
    const intent = { runId, stepId, call, cli: '', digest, appMs: 0 }
    const { id, refused } = await intendStanding(store, fence, intent, note)
    expect([stepId, refused]).toEqual([stepId, null])
    if (id === null) throw new Error('nothing was intended')
    const came = {
      outcome: 'accepted',
      message: null,
      reply: null,
      stepState: 'confirmed',
      sentence: '',
      crashed: false,
    } as const
    await settle(store, fence, id, came, { ...note, kind: 'effect.outcome' })
  }
  expect((await readRun(store, runId)).effects.map(({ outcome }) => outcome)).toEqual(Array(4).fill('accepted'))
})
