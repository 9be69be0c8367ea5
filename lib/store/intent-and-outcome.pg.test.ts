// The last line before the world changes: whatever a runner or a command believes, the store writes an intent only for
// whoever has the turn, with a yes to this very call by another person, and an outcome once.

import { describe, expect, test } from 'vitest'
import { stagedDraft as draft, stagedFence as fence, stagedDecider, stageRun } from '../commands/testing/staged-run'
import { digestOf } from '../domain/procedure/canonical'
import { awsCalls } from '../domain/procedure/testing/calls'
import { type Decision, decideApproval } from './approval'
import type { Store } from './client'
import { type Intent, intend, settle } from './journal'
import { lastAccepted } from './proved-rights'
import { readRun } from './run'
import { databasePerTest } from './testing/database'

const database = databasePerTest()
const intent: Intent = {
  runId: 'r',
  stepId: 's',
  attempt: 1,
  direction: 'do',
  call: awsCalls.FailoverDBCluster,
  cli: 'aws rds failover-db-cluster',
  digest: 'call',
  dangerous: true,
  sentence: 'Sends.',
  appMs: 0,
}
const yes: Decision = {
  state: 'approved',
  kind: 'second-person',
  reason: null,
  digest: 'shown',
  assertion: null,
}
const refusedOf = async (store: Store, over: Partial<Intent> = {}, by = fence) =>
  (await intend(store, by, { ...intent, ...over }, draft)).refused

async function approved(): Promise<Store> {
  const { runner: store } = database()
  await stageRun(database())
  expect(await decides()).toBeNull()
  return store
}
/** Bo answers: null when the answer is taken. */
async function decides(over: Partial<Decision> = {}): Promise<string | null> {
  const bo = await stagedDecider(database())
  return await decideApproval(database().web, bo.as, 'a', { ...yes, ...over }, bo.draft)
}

describe('an intent is written', () => {
  test('for whoever has the turn and the yes of another person to this very call, once', async () => {
    const store = await approved()
    expect(await refusedOf(store)).toBeNull()
    expect(await refusedOf(store)).toBe('step-moved')
  })

  test.each([
    ['under an older epoch by the same runner', { ...fence, epoch: 6 }],
    ['by another runner', { ...fence, holder: 'zombie' }],
  ])('never %s', async (_who, by) => {
    expect(await refusedOf(await approved(), {}, by)).toBe('stale-epoch')
  })

  test('never once the lease has expired, though nobody else has taken it', async () => {
    const store = await approved()
    await database().owner.pool.query("UPDATE lease SET expires_at = clock_timestamp() - interval '1 ms'")
    expect(await refusedOf(store)).toBe('stale-epoch')
  })

  test('never without a yes', async () => {
    const { runner: store } = database()
    await stageRun(database())
    expect(await refusedOf(store)).toBe('not-approved')
  })

  test('never for another call, another step or the other direction than the approval covers', async () => {
    const store = await approved()
    expect(await refusedOf(store, { digest: 'other call' })).toBe('not-approved')
    await database().owner.pool.query(`UPDATE approval SET covers = '[{"stepId": "other", "digest": "call"}]'`)
    expect(await refusedOf(store)).toBe('not-approved')
    await database().owner.pool.query(
      `UPDATE approval SET covers = '[{"stepId": "s", "digest": "call", "direction": "undo"}]'`,
    )
    expect(await refusedOf(store)).toBe('not-approved')
  })

  test('never on a yes that has expired unused', async () => {
    const store = await approved()
    await database().owner.pool.query("UPDATE approval SET expires_at = clock_timestamp() - interval '1 ms'")
    expect(await refusedOf(store)).toBe('not-approved')
  })

  test('never on a yes of the starter, however it came to stand there', async () => {
    const store = await approved()
    await database().owner.pool.query("UPDATE approval SET decided_by_id = 'anna'")
    expect(await refusedOf(store)).toBe('not-approved')
  })
})

describe('an outcome', () => {
  const outcome = { message: null, reply: null, sentence: 'Over.', crashed: false } as const
  const stepState = async (store: Store) =>
    (await store.pool.query<{ state: string }>('SELECT state FROM run_step')).rows[0]?.state

  test('of a runner whose turn is over is kept, and moves nothing', async () => {
    const store = await approved()
    const { id } = await intend(store, fence, intent, draft)
    await database().owner.pool.query("UPDATE lease SET holder = 'next', epoch = 8")
    expect(
      await settle(store, fence, id ?? '', { ...outcome, outcome: 'accepted', stepState: 'verifying' }, draft),
    ).toEqual({ written: true, moved: false })
    expect(await stepState(store)).toBe('acting')
  })

  test('of an effect whose call had another shape reads as it was recorded', async () => {
    const store = await approved()
    await intend(store, fence, intent, draft)
    // As version 11 of the failover wrote it: what a PAUSE may turn into was no part of the value.
    const call = {
      kind: 'pooler',
      host: 'p',
      port: 6432,
      user: 'u',
      database: 'd',
      commands: ['PAUSE'],
      pauseLimitMs: 9,
    }
    const cli = "psql -X -v ON_ERROR_STOP=1 -h p -p 6432 -U u -d pgbouncer \\\n  -c 'PAUSE d'"
    await database().force('UPDATE effect_journal SET call = $1, cli = $2, digest = $3', [call, cli, digestOf(call)])
    expect((await readRun(store, 'r')).effects).toMatchObject([{ cli, digest: digestOf(call), outcome: null }])
  })

  test('is written once: what was written first stands', async () => {
    const store = await approved()
    const { id } = await intend(store, fence, intent, draft)
    await settle(store, fence, id ?? '', { ...outcome, outcome: 'unknown', stepState: 'unknown' }, draft)
    expect(
      await settle(store, fence, id ?? '', { ...outcome, outcome: 'rejected', stepState: 'failed' }, draft),
    ).toMatchObject({ written: false })
    expect(await stepState(store)).toBe('unknown')
    const { rows } = await database().owner.pool.query('SELECT outcome FROM effect_journal')
    expect(rows).toEqual([{ outcome: 'unknown' }])
  })

  test('that was accepted proves the right of every session of the same role, and of nobody else', async () => {
    const store = await approved()
    const { id } = await intend(store, fence, intent, draft)
    await settle(store, fence, id ?? '', { ...outcome, outcome: 'accepted', stepState: 'verifying' }, draft)
    const { environment } = await readRun(store, 'r')
    const asked = async (as: string, ranAs: string) => {
      await database().force(`UPDATE run SET facts = jsonb_build_object('identity', $1::text)`, [ranAs])
      return (await lastAccepted(store, environment, 'FailoverDBCluster', as)) !== null
    }
    const session = (name: string, role = 'war_room') => `arn:aws:sts::1:assumed-role/${role}/${name}`
    expect(await asked(session('b'), session('a'))).toBe(true)
    expect(await asked(session('b', 'war-room'), session('a'))).toBe(false)
    expect(await asked(session('b'), session('a', 'warXroom'))).toBe(false)
    expect(await asked(session('b'), session('a', 'war_room2'))).toBe(false)
    const user = (name: string) => `arn:aws:iam::1:user/${name}`
    expect(await asked(user('war'), user('war'))).toBe(true)
    expect(await asked(user('war'), user('war-room'))).toBe(false)
  })
})

describe('an answer is taken', () => {
  const nobody = 'UPDATE session SET'
  test.each<[string, string, string]>([
    ['a yes to something else than what is asked', 'changed', "UPDATE approval SET digest = 'shown now'"],
    ['a yes from the starter', 'starter', 'UPDATE run SET started_by_id = account.id::text FROM account'],
    ['a yes in another environment', 'not-found', "DELETE FROM resource_lock; UPDATE run SET environment = 'test'"],
    ['a yes to a run that is paused', 'moved', "UPDATE run SET state = 'paused'"],
    ['a yes of a responder', 'not-allowed', "UPDATE account SET role = 'responder'"],
    ['a yes of a disabled account', 'not-signed-in', 'UPDATE account SET disabled_at = clock_timestamp()'],
    ['a yes in a session that was ended', 'not-signed-in', `${nobody} revoked_at = clock_timestamp()`],
    ['a yes in a session that has expired', 'not-signed-in', `${nobody} expires_at = clock_timestamp()`],
    ['a yes in an idle session', 'not-signed-in', `${nobody} last_seen_at = clock_timestamp() - interval '12 hours'`],
    ['a yes in a session that must choose a password', 'not-signed-in', `${nobody} must_choose_password = true`],
    [
      'a yes 5 min after signing in',
      'not-fresh',
      `${nobody} authenticated_at = clock_timestamp() - interval '5 minutes'`,
    ],
    ['a yes in a session of unknown proof', 'not-fresh', `${nobody} authenticated_at = NULL`],
  ])('never as %s', async (_what, refused, change) => {
    await stageRun(database())
    const bo = await stagedDecider(database())
    await database().owner.pool.query(change)
    expect(await decideApproval(database().web, bo.as, 'a', yes, bo.draft)).toBe(refused)
    expect((await database().owner.pool.query('SELECT state FROM approval')).rows).toEqual([{ state: 'open' }])
  })

  test('never as broken glass by somebody below commander, and never without fresh proof', async () => {
    await stageRun(database())
    expect(await decides({ kind: 'break-glass' })).toBe('not-allowed')
    const bo = await stagedDecider(database(), 'commander')
    await database().owner.pool.query('UPDATE session SET authenticated_at = NULL')
    expect(await decideApproval(database().web, bo.as, 'a', { ...yes, kind: 'break-glass' }, bo.draft)).toBe(
      'not-fresh',
    )
  })

  test('never under the name of somebody else', async () => {
    await stageRun(database())
    const bo = await stagedDecider(database())
    const forged = { ...bo.draft, actor: { kind: 'person' as const, id: 'anna', name: 'Anna' } }
    await expect(decideApproval(database().web, bo.as, 'a', yes, forged)).rejects.toThrow('names another person')
  })

  test('never with a passkey that is not registered for whoever answers', async () => {
    await stageRun(database())
    expect(await decides({ assertion: { id: 'x' } as Decision['assertion'] })).toBe('foreign-passkey')
  })

  test('never after its ten minutes, and never twice', async () => {
    await approved()
    expect(await decides({ state: 'refused' })).toBe('answered')
    await database().owner.pool.query(
      "UPDATE approval SET state = 'open', expires_at = clock_timestamp() - interval '1 ms'",
    )
    expect(await decides()).toBe('expired')
  })
})
