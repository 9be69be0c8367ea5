/*
 * Rows were deleted and changed in the database that the application writes to; a copy from before still has them. A run
 * compares both, a person chooses what is merged, a second one approves exactly that, and the runner merges it once: whether it
 * is killed in between, a row changes meanwhile, or the server refuses one table in the middle.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest'
import { startTwoDatabases, type TwoDatabases } from '../adapters/postgres/reconcile/testing/two-databases'
import type { CommandContext } from '../commands/context'
import { answerStep } from '../commands/run/answer-step'
import { approve } from '../commands/run/decide'
import { revise } from '../commands/run/revise'
import { retryStep, stopRun, undoStep } from '../commands/run/steer'
import { takeRows } from '../commands/run/take-rows'
import { listedWords } from '../domain/reconcile/listed'
import type { Policy } from '../domain/reconcile/policy'
import type { Run } from '../domain/run/run'
import type { AnyProcedure, World } from '../procedures/contract'
import { type Between, merging } from '../procedures/testing/merging'
import { decideApproval } from '../store/approval'
import { readRun } from '../store/run'
import { databasePerTest } from '../store/testing/database'
import type { ViewContext } from '../views/context'
import { mergedRowsOf } from '../views/merged-rows'
import { readReconcile } from '../views/reconcile'
import { type SendCall, sendBy } from './effects'
import { FeedServer, type FeedSources } from './feed-server'
import { createMergeRows } from './merge-rows'
import { type Bench, bench, Switch, surroundings as usual } from './testing/one-effect'

const shared = vi.hoisted((): { procedure: AnyProcedure | null } => ({ procedure: null }))
vi.mock('../procedures/index', async (original) => {
  const known = await original<typeof import('../procedures/index')>()
  return {
    ...known,
    procedureBySlug: (slug: string) =>
      shared.procedure?.slug === slug ? shared.procedure : known.procedureBySlug(slug),
  }
})

const database = databasePerTest()
const schema = `CREATE TABLE users (id int PRIMARY KEY, name text); CREATE TABLE bookings (id int PRIMARY KEY, user_id int REFERENCES users (id), what text);
  CREATE TABLE notes (id int PRIMARY KEY, what text)`
const tables = ['public.users', 'public.bookings', 'public.notes']
let two: TwoDatabases
let between: Between
let desk: Bench
const surroundings = { ...usual, database: { ...usual.database, recovery: { user: '' } } }

beforeAll(async () => {
  two = await startTwoDatabases(inject('postgresAdminUrl'), schema)
  surroundings.database.recovery.user = two.name
})
afterAll(() => two.stop())
beforeEach(async () => {
  between = { source: two.source.address, target: two.target.address, tables, live: false }
  shared.procedure = merging(() => between)
  for (const side of [two.source, two.target])
    await side.client.query(`DROP SCHEMA IF EXISTS dr_stage CASCADE; ALTER TABLE bookings DROP CONSTRAINT IF EXISTS shut; TRUNCATE users, bookings, notes;
      INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 4) i;
      INSERT INTO bookings SELECT i, 1 + i % 4, 'booked' FROM generate_series(1, 8) i; INSERT INTO notes VALUES (1, 'a')`)
  await two.target.client.query(`DELETE FROM bookings WHERE user_id > 2; DELETE FROM users WHERE id > 2; UPDATE notes SET what = 'spoilt';
    INSERT INTO users VALUES (90, 'new since')`)
  desk = bench(database(), new Switch(), shared.procedure)
})
afterEach(() => desk.end())

const send: SendCall = (call, signal) =>
  sendBy(
    { fleet: {} as never, workloads: null, poolers: [], control: null, reconciler: two.reconciler },
    { holds: () => true },
  )(call, signal)
const runner = (more: Partial<Parameters<Bench['runner']>[0]> = {}) =>
  desk.runner({
    send,
    pace: 0.02,
    world: { environment: surroundings, merges: two.reconciler } as Partial<World>,
    ...more,
  })
const wait = { timeout: 20_000, interval: 40 }
const read = (id: string) => readRun(desk.store, id)
const stepIs = (id: string, stepId: string, state: string) =>
  expect.poll(async () => (await read(id)).steps.find((step) => step.stepId === stepId)?.state, wait).toBe(state)
const rowsIn = async (side: 'source' | 'target', table: string) =>
  (await two[side].client.query(`SELECT t::text AS row FROM ${table} t ORDER BY 1`)).rows.map(({ row }) => String(row))

const take: Policy = { kind: 'take-source' }
async function choose(person: CommandContext, id: string, policies: Record<string, Policy>): Promise<void> {
  await stepIs(id, 'choose-rows', 'verifying')
  const comparison = (await read(id)).facts.comparison as { batch: string }
  await answerStep(person, surroundings, {
    runId: id,
    stepId: 'choose-rows',
    answer: {
      batch: comparison.batch,
      tables: Object.entries(policies).map(([table, policy]) => ({ table, policy, triggers: 'on' })),
    },
  })
}
async function openApproval(id: string) {
  const open = async () => (await read(id)).approvals.find(({ state }) => state === 'open')
  await expect.poll(open, wait).toBeDefined()
  const asked = await open()
  if (!asked) throw new Error('nothing is asked')
  return asked
}
async function yes(person: CommandContext, id: string): Promise<void> {
  const asked = await openApproval(id)
  await approve(person, { runId: id, approvalId: asked.id, digest: asked.digest, typed: asked.typeToConfirm })
}
const people = () => Promise.all([desk.person('Starter'), desk.person('Ben')])
const mergesSent = (run: Run) => run.effects.filter(({ stepId }) => stepId === 'merge-rows')

/** As a page, the feed and a file show it: from the runner, who alone knows where the rows are. */
async function rowsAreShown({ person }: CommandContext, id: string): Promise<void> {
  const view = await readReconcile(
    {
      store: database().web,
      environment: {
        ...surroundings,
        policy: { breakGlass: true, twoPersons: true },
      } as unknown as ViewContext['environment'],
      snapshot: () => null,
      installation: {} as ViewContext['installation'],
      now: Date.now,
      person,
    },
    id,
  )
  expect(view).toMatchObject({
    asks: { right: { allowed: true } },
    chosenBy: null,
    effect: null,
    tables: [{ table: 'public.users', onlySource: 2 }, {}, { table: 'public.notes', different: 1, key: ['id'] }],
  })
  const secret = 'a-secret-of-the-feed-that-is-long-enough'
  const feed = new FeedServer(secret, {
    rows: createMergeRows(desk.store, surroundings.name, two.reconciler),
  } as unknown as FeedSources)
  const port = await feed.listen('127.0.0.1', 0)
  const get = (path: string, asked: Record<string, string>, authorization = `Bearer ${secret}`) =>
    fetch(`http://127.0.0.1:${port}${path}?${new URLSearchParams(asked)}`, { headers: { authorization } })
  const of = { run: id, table: 'public.notes', kind: 'different' }
  expect(await (await get('/rows', of)).json()).toEqual({
    rows: [
      {
        key: '["1"]',
        kind: 'different',
        columns: ['what'],
        source: { id: '1', what: 'a' },
        target: { id: '1', what: 'spoilt' },
      },
    ],
  })
  expect(await (await get('/rows/file', { ...of, format: 'csv' })).text()).toBe('id,what\n1,spoilt\n')
  expect((await get('/rows', of, 'Bearer wrong')).status).toBe(401)
  // Neither another table, nor another run, nor a database of the asker's own.
  expect((await get('/rows', { ...of, table: 'pg_catalog.pg_authid' })).status).toBe(503)
  expect((await get('/rows', { ...of, run: 'other' })).status).toBe(503)
  expect((await get('/rows', { ...of, kind: 'all' })).status).toBe(400)
  await feed.close()
}

test('what a person chose and a second one approved is merged, and proved row by row', async () => {
  const [ann, ben] = await people()
  const id = await desk.start()
  runner()
  // The comparison is of exactly these rows.
  await stepIs(id, 'choose-rows', 'verifying')
  expect((await read(id)).facts.comparison).toMatchObject({
    tables: [
      { table: 'public.users', onlySource: 2, onlyTarget: 1, different: 0, same: 2 },
      { table: 'public.bookings', onlySource: 4, onlyTarget: 0, different: 0, same: 4 },
      { table: 'public.notes', onlySource: 0, onlyTarget: 0, different: 1, same: 0, keys: { different: ['["1"]'] } },
    ],
  })
  // Only whoever commands may choose, and only what can be chosen.
  const viewer = await desk.person('Vera', 'viewer')
  await expect(choose(viewer, id, { 'public.users': take })).rejects.toMatchObject({ code: 'not-allowed' })
  await expect(choose(ann, id, { 'public.users': { kind: 'everything' } as unknown as Policy })).rejects.toMatchObject({
    code: 'invalid',
  })
  await rowsAreShown(ann, id)
  // Whoever takes rows as a file is written down, in their own name.
  const file = { runId: id, table: 'public.notes', kind: 'different', format: 'csv' } as const
  await takeRows(ann, file)
  await expect(takeRows(viewer, file)).rejects.toMatchObject({ code: 'not-allowed' })
  const taken = await desk.store.prisma.recordEntry.findMany({ where: { kind: 'rows.downloaded' } })
  expect(taken.map(({ text, runId }) => [text, runId])).toEqual([
    ['Starter downloaded rows of public.notes (different in both).', id],
  ])
  await choose(ann, id, { 'public.unheard': take })
  await expect.poll(async () => (await read(id)).steps[1]?.sentence, wait).toContain('public.unheard was not compared')

  await choose(ann, id, { 'public.users': take, 'public.bookings': { kind: 'insert-missing' } })
  const asked = await openApproval(id)
  expect(asked.title).toContain('6 inserted')
  expect(asked.shown.facts).toEqual(
    expect.arrayContaining([
      { label: 'public.users', value: '2 inserted' },
      { label: 'public.bookings', value: '4 inserted' },
      { label: 'Overwritten or deleted', value: '0 rows' },
      { label: 'Chosen by', value: 'Starter' },
    ]),
  )
  await yes(ben, id)
  expect(await desk.reaches(id, ['done'])).toMatchObject({ state: 'done' })
  expect(await rowsIn('target', 'bookings')).toEqual(await rowsIn('source', 'bookings'))
  expect(await rowsIn('target', 'users')).toEqual([...(await rowsIn('source', 'users')), '(90,"new since")'].sort())
  expect(await rowsIn('target', 'notes')).toEqual(['(1,spoilt)'])
  const run = await read(id)
  expect(run.effects.at(-1)?.cli).toContain('INSERT INTO "public"."bookings"')
  expect(run.facts.merged).toMatchObject({ rows: { insert: 6, update: 0, remove: 0 }, changedSince: 0 })
  expect(mergesSent(run)).toMatchObject([{ outcome: 'accepted', digest: asked.covers[0]?.digest }])
  // The report names them by their keys, long after the comparison is gone from the database.
  expect(mergedRowsOf(run).map(({ table, listed }) => [table, listed.map(listedWords)])).toEqual([
    ['public.users', ['2 only in the copy: 2 inserted', '1 only in the database: 1 left as it is']],
    ['public.bookings', ['4 only in the copy: 4 inserted']],
    ['public.notes', ['1 different: 1 left as it is']],
  ])
  expect(mergedRowsOf(run)[0]?.listed[1]?.keys).toEqual([{ key: '90', merged: false }])
})

test('a second run of the same minute compares and merges by itself, and takes nothing of the first for its own', async () => {
  const [ann, ben] = await people()
  runner()
  for (const id of ['20261129t0400z-aaaaaa', '20261129t0400z-bbbbbb']) {
    await desk.start({ id })
    await choose(ann, id, { 'public.notes': take })
    await yes(ben, id)
    await desk.reaches(id, ['done'])
    expect(await rowsIn('target', 'notes')).toEqual(['(1,a)'])
    expect(mergesSent(await read(id))).toMatchObject([{ outcome: 'accepted' }])
    await two.target.client.query(`UPDATE notes SET what = 'spoilt anew'`)
  }
})

test('a run that waits for a person to choose is stopped at once: nothing is under way', async () => {
  const id = await desk.start()
  runner()
  await stepIs(id, 'choose-rows', 'verifying')
  await stopRun(await desk.person('Ben'), { runId: id, reason: 'Nobody wants these rows.' })
  expect((await desk.reaches(id, ['stopped'])).sentence).toContain('Stopped at a safe point')
})

test('who chose what is merged is no second person, even when somebody else started the run', async () => {
  const [, ben] = await people()
  const cleo = await desk.person('Cleo')
  const id = await desk.start()
  runner()
  await choose(ben, id, { 'public.notes': take })
  await expect(yes(ben, id)).rejects.toMatchObject({ code: 'not-allowed' })
  // Nor by the store's own word, whatever a command lets through.
  const asked = await openApproval(id)
  const refused = await decideApproval(
    database().web,
    { token: ben.token, environment: ben.environment.name },
    asked.id,
    { state: 'approved', kind: 'second-person', reason: null, digest: asked.digest, assertion: null },
    {
      kind: 'approval.given',
      actor: { kind: 'person', id: ben.person.id, name: ben.person.name },
      text: 'Approved',
      runId: id,
      incidentNumber: null,
      stepId: asked.stepId,
      evidence: { approvalId: asked.id },
    },
  )
  expect(refused).toBe('starter')
  await yes(cleo, id)
  expect(await desk.reaches(id, ['done'])).toMatchObject({ state: 'done' })
})

test('a row that changes after the approval stops the merge; compared and approved anew, it goes on', async () => {
  const [ann, ben] = await people()
  const id = await desk.start()
  runner()
  await choose(ann, id, { 'public.notes': take })
  await openApproval(id)
  await two.target.client.query(`UPDATE notes SET what = 'changed again'`)
  await yes(ben, id)
  await stepIs(id, 'merge-rows', 'failed')
  const stopped = await read(id)
  expect(stopped.steps.at(-1)?.sentence).toContain('1 row of public.notes changed after the comparison')
  expect(mergesSent(stopped)).toEqual([])
  expect(await rowsIn('target', 'notes')).toEqual(['(1,"changed again")'])

  const { batch } = stopped.facts.comparison as { batch: string }
  await revise(ann, surroundings, {
    runId: id,
    stepId: 'merge-rows',
    kind: 'anew',
    subject: batch,
    reason: 'A row changed meanwhile.',
  })
  await expect
    .poll(async () => ((await read(id)).facts.comparison as { batch: string } | null)?.batch ?? batch, wait)
    .not.toBe(batch)
  await choose(ann, id, { 'public.notes': take })
  await yes(ben, id)
  await desk.reaches(id, ['done'])
  expect(await rowsIn('target', 'notes')).toEqual(['(1,a)'])
})

test('a runner that is killed between comparing and merging leaves it to another, and nothing is compared or merged twice', async () => {
  const [ann, ben] = await people()
  const id = await desk.start()
  const first = runner({ ttlMs: 400, everyMs: 80 })
  await stepIs(id, 'choose-rows', 'verifying')
  await first.kill()
  await first.lapse()
  runner()
  await choose(ann, id, { 'public.notes': take })
  await yes(ben, id)
  const run = await desk.reaches(id, ['done'])
  expect(run.effects.map(({ stepId, outcome }) => [stepId, outcome])).toEqual([
    ['compare-rows', 'accepted'],
    ['merge-rows', 'accepted'],
  ])
})

test('a merge whose answer is lost in the middle of its tables is looked at, and the rest is merged once', async () => {
  const [ann, ben] = await people()
  await two.target.client.query('ALTER TABLE bookings ADD CONSTRAINT shut CHECK (what IS NULL) NOT VALID')
  const id = await desk.start()
  runner()
  await choose(ann, id, { 'public.users': take, 'public.bookings': take, 'public.notes': take })
  await yes(ben, id)
  await stepIs(id, 'merge-rows', 'failed')
  const half = await read(id)
  expect(mergesSent(half)).toMatchObject([{ outcome: 'unknown', message: expect.stringContaining('public.bookings') }])
  expect(half.steps.at(-1)?.sentence).toContain('1 of 3 parts of the merge are done')
  await two.target.client.query('ALTER TABLE bookings DROP CONSTRAINT shut')
  await retryStep(ann, { runId: id, stepId: 'merge-rows' })
  // The approval was used up by the first attempt.
  await yes(ben, id)
  await desk.reaches(id, ['done'])
  expect(await rowsIn('target', 'bookings')).toEqual(await rowsIn('source', 'bookings'))
  const applied = await two.target.client.query('SELECT count(*)::int AS n FROM dr_stage.applied')
  expect(applied.rows).toEqual([{ n: 3 }])
})

test('a merge that the proof does not confirm is rolled back to the row, under an approval of its own', async () => {
  const [ann, ben] = await people()
  const before = await rowsIn('target', 'notes')
  const id = await desk.start()
  let spoil = true
  runner({
    send: async (call, signal) => {
      const reply = await send(call, signal)
      if (spoil && call.kind === 'rows' && call.work.action === 'merge')
        await two.target.client.query(`UPDATE notes SET what = 'by hand'`)
      return reply
    },
  })
  await choose(ann, id, { 'public.notes': take })
  await yes(ben, id)
  await stepIs(id, 'merge-rows', 'failed')
  expect((await read(id)).steps.at(-1)?.sentence).toContain('1 row changed since the merge')
  await desk.reaches(id, ['needs-person'])
  // Somebody else's change is never overwritten.
  await undoStep(ann, surroundings, { runId: id, stepId: 'merge-rows' })
  await stepIs(id, 'merge-rows', 'failed')
  expect(await rowsIn('target', 'notes')).toEqual(['(1,"by hand")'])
  spoil = false
  await two.target.client.query(`UPDATE notes SET what = 'a'`)
  await expect.poll(async () => (await read(id)).state, wait).toBe('needs-person')
  await undoStep(ann, surroundings, { runId: id, stepId: 'merge-rows' })
  await yes(ben, id)
  await stepIs(id, 'merge-rows', 'undone')
  expect(await rowsIn('target', 'notes')).toEqual(before)
})

test('a role that lacks a right is refused before anything is compared', async () => {
  await two.target.client.query(`REVOKE DELETE ON notes FROM ${two.name}`)
  const id = await desk.start()
  runner()
  await expect
    .poll(async () => (await read(id)).checks, wait)
    .toMatchObject([
      { result: 'block', message: expect.stringContaining('lacks DELETE on public.notes in the target') },
    ])
  expect((await read(id)).effects).toEqual([])
  await two.target.client.query(`GRANT DELETE ON notes TO ${two.name}`)
})
