// The old writer comes back after the run that failed over from it has ended. It is told once and fenced by the yes of that
// run; never without one, never when it may be the writer again, and not twice when a runner dies in between.

import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { settleObligation } from '../commands/run/settle-obligation'
import { signedIn } from '../commands/testing/signed-in'
import { stagedRun } from '../commands/testing/staged-run'
import type { Call } from '../domain/procedure/call'
import { digestOf } from '../domain/procedure/canonical'
import { renderCall } from '../domain/procedure/render'
import { PortError } from '../ports/port-error'
import type { Surroundings, World } from '../procedures/contract'
import { asStored, needed } from '../procedures/facts'
import { procedures } from '../procedures/index'
import type { FailoverFacts } from '../procedures/primary-failover/facts'
import { fenceBySql } from '../procedures/steps/fence-calls'
import { leaseStore } from '../store/lease'
import { readRun } from '../store/run'
import { intendStanding, watchedRuns } from '../store/standing'
import { databasePerTest } from '../store/testing/database'
import { createRun } from '../store/testing/runs'
import { type ApprovalProof, approvalProof } from './approval-proof'
import { createWatch } from './watch'

const database = databasePerTest()
const store = () => database().runner
const environment: Surroundings = {
  name: 'test',
  kind: 'production',
  aws: { accountId: '1', region: 'us-west-2', drRegion: 'us-east-1', clusterId: 'c', crossRegionReplicaId: null },
  database: {
    name: 'd',
    user: 'warroom',
    recovery: { user: 'recovery' },
    applicationRoles: ['app'],
    criticalTables: [],
  },
  kubernetes: null,
  poolers: [],
  policy: { breakGlass: true, twoPersons: true },
}
const address = (id: string) => ({ host: id, port: 5432 })
const node = (id: string, timeline: number) => ({
  id,
  ...address(id),
  zone: 'a',
  instanceClass: 'c',
  timeline,
  lsn: null,
  multiAz: false,
  securityGroupIds: ['sg-1'],
})
const facts: FailoverFacts = {
  topology: 'hybrid',
  promotedAt: 1,
  fence: 'pending',
  writerBefore: node('old', 1),
  target: node('new', 2),
  obligations: [{ id: 'fence-pending', title: 'See old back as a reader', why: 'It was away.', state: 'open' }],
}
const run = { runId: 'r', mode: 'real' as const, inputs: {}, startedAt: 0, facts }
const call = needed(fenceBySql(run, environment), 'the fence')

/** What the old writer is like at the moment, and what was sent to it. */
let old: { answers: boolean; standby: boolean; timeline: number; systemId: string; fenced: boolean }
let named: string
let sent: Call[]
let now: () => void
/** Happens while the old writer is asked. */
let looked: () => Promise<void>

beforeEach(() => {
  old = { answers: false, standby: false, timeline: 1, systemId: 'A', fenced: false }
  named = 'new'
  sent = []
  looked = async () => {}
  now = () => {
    old.fenced = true
  }
})

const world = () =>
  ({
    environment,
    pace: 1,
    now: Date.now,
    snapshot: () => null,
    fleet: {
      guarded: async () => ({
        cluster: {
          status: 'available',
          engine: 'postgres',
          tags: { 'dr-lab': 'hybrid' },
          members: ['old', 'new'].map((id) => ({ id, isWriter: id === named, promotionTier: 1 })),
        },
        instances: ['old', 'new'].map((id) => ({
          id,
          region: 'us-west-2',
          status: 'available',
          address: address(id),
          securityGroupIds: ['sg-1'],
        })),
      }),
    },
    ask: async ({ host }: { host: string }) => {
      if (host === 'new') return { standby: false, timeline: 2, systemId: 'A', readOnly: false }
      await looked()
      if (!old.answers) throw new PortError('unreachable', 'old refuses.', { outcome: 'rejected', probe: 'refused' })
      return {
        standby: old.standby,
        timeline: old.timeline,
        systemId: old.systemId,
        readOnly: old.fenced || old.standby,
      }
    },
    lookAtFence: async () => ({
      canLogin: old.fenced ? [] : ['app'],
      sessions: 0,
      readOnlyByDefault: old.fenced,
      write: { by: 'app', refusedWith: old.fenced ? '25006' : null },
    }),
  }) as unknown as World

async function finishedRun(approved = true): Promise<string> {
  const id = randomUUID().slice(0, 8)
  await createRun(
    database().owner,
    {
      ...stagedRun,
      id,
      procedureId: 'primary-failover',
      mode: 'real',
      environment: 'test',
      environmentKind: 'production',
      inputs: { target: 'new' },
      facts: asStored(facts),
      startedBy: { id: 'starter', name: 'Starter' },
      steps: [{ stepId: 'fence', title: 'Fence', effect: 'DANGEROUS', definitionHash: '' }],
      resources: [],
    },
    { kind: 'run.started', actor: { kind: 'person', id: 'starter', name: 'Starter' }, text: 'Started', runId: id },
  )
  await database().force(`UPDATE run SET state = 'done' WHERE id = $1`, [id])
  await database().force(`UPDATE run_step SET state = 'confirmed' WHERE run_id = $1`, [id])
  if (approved)
    await database().owner.pool.query(
      `INSERT INTO approval (id, run_id, step_id, digest, title, shown, bound, covers, type_to_confirm, state, kind,
         requested_at, expires_at, decided_at, decided_by_id, decided_by_name, used_at)
       VALUES ($1, $2, 'fence', '', '', '{}', '{}', $3, '', 'approved', 'second-person', now(), now(), now(), 'other', 'Other', now())`,
      [randomUUID(), id, JSON.stringify([{ stepId: 'fence', digest: digestOf(call), standing: true }])],
    )
  return id
}

async function watchAs(name: string, proof: ApprovalProof = approvalProof(null)) {
  const held = await leaseStore(store()).acquire('runs:test', name, 60_000)
  if (!held.held) throw new Error(`${name} does not hold the lease`)
  const fence = { lease: 'runs:test', holder: name, epoch: held.epoch }
  const watch = createWatch({
    procedures,
    store: store(),
    environment: 'test',
    pace: 1,
    turn: { holds: () => true, fence: () => fence },
    send: async (c) => {
      sent.push(c)
      now()
      return {}
    },
    worldFor: world,
    proof,
    callLimitMs: 1_000,
    onChanged: () => {},
    log: () => {},
  })
  return { watch, fence }
}

const told = async (runId: string) =>
  (
    await store().pool.query<{ text: string }>(
      `SELECT text FROM record_entry WHERE run_id = $1 AND kind = 'incident.detection' ORDER BY n`,
      [runId],
    )
  ).rows.map((row) => row.text)

test('while nobody answers nothing is told; when it comes back as a reader that is told once', async () => {
  const id = await finishedRun()
  const { watch } = await watchAs('one')
  await watch.once()
  expect(await told(id)).toEqual([])
  Object.assign(old, { answers: true, standby: true, timeline: 2 })
  await watch.once()
  await watch.once()
  expect(await told(id)).toEqual(['old is back as a reader; it takes no writes.'])
  expect((await readRun(store(), id)).facts.obligations).toMatchObject([{ id: 'fence-pending', state: 'met' }])
  expect(sent).toEqual([])
})

test('it comes back as a writer: one alarm, one fence through the journal, and it must be made anew', async () => {
  const id = await finishedRun()
  const { watch } = await watchAs('one')
  old.answers = true
  await watch.once()
  await watch.once()
  const texts = await told(id)
  expect(texts).toHaveLength(2)
  expect(texts[0]).toContain('two take writes')
  expect(texts[1]).toContain('refused (25006)')
  expect(sent).toEqual([call])
  const run = await readRun(store(), id)
  expect(run.effects).toMatchObject([{ stepId: 'fence', attempt: 1, outcome: 'accepted', digest: digestOf(call) }])
  expect(run.facts.obligations).toMatchObject([{ state: 'met' }, { id: 'rejoin-old-writer', state: 'open' }])
  const commander = await signedIn(
    database(),
    { login: 'kim', name: 'Kim', role: 'commander' },
    { name: 'test', kind: 'production' },
  )
  const settle = {
    runId: id,
    obligationId: 'rejoin-old-writer',
    state: 'accepted' as const,
    reason: 'Kept for forensics',
  }
  await settleObligation(commander, settle)
  await expect(settleObligation(commander, settle)).rejects.toMatchObject({ code: 'conflict' })
  expect((await readRun(store(), id)).facts.obligations).toMatchObject([
    { state: 'met' },
    { state: 'accepted', settledBy: { person: { name: 'Kim' }, reason: 'Kept for forensics' } },
  ])
})

test('made anew as a reader it is closed; should it come back once more, that is told and fenced again', async () => {
  const id = await finishedRun()
  const { watch } = await watchAs('one')
  old.answers = true
  await watch.once()
  Object.assign(old, { standby: true, fenced: false })
  await watch.once()
  expect((await readRun(store(), id)).facts.obligations).toMatchObject([{ state: 'met' }, { state: 'met' }])
  Object.assign(old, { standby: false })
  await watch.once()
  expect(sent).toEqual([call, call])
  expect((await told(id)).filter((text) => text.includes('two take writes'))).toHaveLength(2)
})

test('one that was fenced is opened again by somebody: that is another alarm, and it is fenced again', async () => {
  const id = await finishedRun()
  const { watch } = await watchAs('one')
  old.answers = true
  await watch.once()
  old.fenced = false
  await watch.once()
  expect(sent).toEqual([call, call])
  expect((await told(id)).filter((text) => text.includes('two take writes'))).toHaveLength(2)
})

test('what a person settles while the watcher looks stays settled', async () => {
  const id = await finishedRun()
  const { watch } = await watchAs('one')
  const commander = await signedIn(
    database(),
    { login: 'kim', name: 'Kim', role: 'commander' },
    { name: 'test', kind: 'production' },
  )
  Object.assign(old, { answers: true, standby: true, timeline: 2 })
  looked = async () => {
    looked = async () => {}
    await settleObligation(commander, {
      runId: id,
      obligationId: 'fence-pending',
      state: 'accepted',
      reason: 'It was taken out of the fleet',
    })
  }
  await watch.once()
  expect((await readRun(store(), id)).facts).toMatchObject({
    fence: 'reader',
    obligations: [{ id: 'fence-pending', state: 'accepted', settledBy: { person: { name: 'Kim' } } }],
  })
})

test('the fence does not hold: it is tried again at the next look, without another alarm', async () => {
  const id = await finishedRun()
  const { watch } = await watchAs('one')
  old.answers = true
  now = () => {
    throw new PortError('timeout', 'No answer.', { outcome: 'unknown', probe: 'timeout' })
  }
  await watch.once()
  await watch.once()
  expect((await readRun(store(), id)).effects.map((e) => e.outcome)).toEqual(['unknown', 'unknown'])
  expect(await told(id)).toHaveLength(1)
})

test('a run whose failover nobody approved, because RDS acted by itself: the alarm, and nothing is sent', async () => {
  const id = await finishedRun(false)
  const { watch } = await watchAs('one')
  old.answers = true
  await watch.once()
  expect(sent).toEqual([])
  expect(await told(id)).toHaveLength(1)
})

test('an approval that no passkey signed, where approvals take one: the alarm, and nothing is sent', async () => {
  const id = await finishedRun()
  const site = { origin: 'https://warroom.example', rpId: 'warroom.example' }
  const { watch } = await watchAs('one', approvalProof({ site, enrolled: () => [] }))
  old.answers = true
  await watch.once()
  expect(sent).toEqual([])
  expect(await told(id)).toHaveLength(1)
  expect((await readRun(store(), id)).effects).toEqual([])
})

test('a node that was promoted again is never fenced, whatever RDS still says', async () => {
  await finishedRun()
  const { watch } = await watchAs('one')
  old.answers = true
  old.timeline = 3
  await watch.once()
  named = 'old'
  await watch.once()
  expect(sent).toEqual([])
})

test('a node whose database is another one by now is left to people: its timeline cannot be compared', async () => {
  await finishedRun()
  const { watch } = await watchAs('one')
  Object.assign(old, { answers: true, systemId: 'B' })
  await watch.once()
  expect(sent).toEqual([])
})

test('a runner dies between intent and act: the next one settles what is open, and fences', async () => {
  const id = await finishedRun()
  const first = await watchAs('one')
  const intent = { runId: id, stepId: 'fence', call, cli: renderCall(call), digest: digestOf(call), appMs: 0 }
  const note = { kind: 'effect.intent', actor: { kind: 'runner' as const, name: 'one', epoch: 1 }, text: 'intends' }
  expect(await intendStanding(store(), first.fence, intent, note)).toMatchObject({ refused: null })
  await database().owner.pool.query(`UPDATE lease SET expires_at = now() - interval '1 s'`)
  const second = await watchAs('two')
  expect(await intendStanding(store(), first.fence, intent, note)).toMatchObject({ refused: 'stale-epoch' })
  old.answers = true
  await second.watch.once()
  await second.watch.once()
  expect((await readRun(store(), id)).effects.map((e) => e.outcome)).toEqual(['unknown', 'accepted'])
  expect(sent).toHaveLength(1)
})

test('a watcher finds the runs that are over and still owe something, and no others', async () => {
  const id = await finishedRun()
  const found = (more: object) =>
    watchedRuns(store(), 'test', { procedureId: 'primary-failover', facts: ['promotedAt'], ...more })
  expect(await found({ owes: 'fence-' })).toEqual([id])
  expect(await found({ owes: 'pooler-' })).toEqual([])
  expect(await found({ ended: 'fence' })).toEqual([id])
  expect(await found({ facts: ['nothing'] })).toEqual([])
  await database().force(`UPDATE run SET state = 'running' WHERE id = $1`, [id])
  expect(await found({ owes: 'fence-' })).toEqual([])
  await database().force(`UPDATE run SET state = 'done', facts = facts || '{"obligations": null}' WHERE id = $1`, [id])
  expect(await found({ owes: 'fence-' })).toEqual([])
})
