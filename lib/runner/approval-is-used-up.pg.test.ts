/*
 * An approval is used by what it allowed, and only by that: a call that was certainly refused, or an intent that was never
 * written, leaves it as it was; one that may have happened has used it, and a second call needs a second approval. Nobody
 * finds an old approval days later and acts on it alone.
 */
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { approve } from '../commands/run/decide'
import { pauseRun, resumeRun, retryStep } from '../commands/run/steer'
import { approvalAllows, approvalLastsMs, approvalMs, approvalNextMs } from '../domain/run/approval-rule'
import type { AnyProcedure, Facts } from '../procedures/contract'
import { intend } from '../store/journal'
import { readRun } from '../store/run'
import { databasePerTest } from '../store/testing/database'
import { type Bench, bench, Switch, switchProcedure } from './testing/one-effect'
import { promised } from './testing/promised'

const catalogue = vi.hoisted(() => ({ procedure: null as AnyProcedure | null }))
vi.mock('../procedures/index', () => ({ procedureBySlug: () => catalogue.procedure, procedures: [] }))
const database = databasePerTest()
let world: Switch
let usual: AnyProcedure
let b: Bench
/** A call that hangs until the test is over, as when its runner is gone. */
let hung: ReturnType<typeof promised<never>>
beforeEach(() => {
  hung = promised()
  hung.promise.catch(() => {})
  world = new Switch()
  usual = switchProcedure(world, 'DANGEROUS')
  catalogue.procedure = usual
  b = bench(database(), world, usual)
})
afterEach(async () => {
  hung.reject(new Error('gone'))
  await b.end()
})

const step = { stepId: 'throw' }
async function approveOpen(id: string): Promise<void> {
  const { input } = await b.asked(id)
  await approve(await b.person('Other', 'approver'), input)
}
const later = (interval: string) =>
  database().owner.pool.query(
    `WITH a AS (UPDATE approval SET requested_at = requested_at - $1::interval, decided_at = decided_at - $1::interval,
       expires_at = expires_at - $1::interval, used_at = used_at - $1::interval)
     UPDATE effect_journal SET intended_at = intended_at - $1::interval, outcome_at = outcome_at - $1::interval`,
    [interval],
  )

test.each([
  ['refused', 'a few minutes', '2 minutes', 'done', 1],
  ['refused', 'three days', '3 days', 'waiting', 0],
] as const)('after a call that was %s, a retry %s later: %s, the run is %s', async (next, _when, by, state, thrown) => {
  world.next = next
  b.runner()
  const id = await b.start()
  await approveOpen(id)
  const failed = await b.reaches(id, ['needs-person'])
  expect(failed.approvals.at(-1)?.usedAt).toBeNull()
  await later(by)
  await retryStep(await b.person('Starter', 'responder'), { runId: id, ...step })
  const run = await b.reaches(id, ['done', 'waiting'])
  expect([run.state, world.thrown]).toEqual([state, thrown])
})

test.each(['works', 'reply-lost', 'lost'] as const)(
  'a call that %s may have happened: another one needs another approval, however soon',
  async (next) => {
    const procedure: AnyProcedure = {
      ...usual,
      steps: (environment) =>
        usual
          .steps(environment)
          .map((s) => (s.id === 'throw' ? { ...s, verify: async () => ({ state: 'failed', says: 'No proof.' }) } : s)),
    }
    catalogue.procedure = procedure
    world.next = next
    b.runner({ procedure })
    const id = await b.start()
    await approveOpen(id)
    const failed = await b.reaches(id, ['needs-person'])
    expect(failed.approvals.at(-1)?.usedAt).not.toBeNull()
    const before = world.thrown
    world.on = false
    await retryStep(await b.person('Starter', 'responder'), { runId: id, ...step })
    const run = await b.reaches(id, ['waiting'])
    expect([world.thrown, run.effects.length, run.approvals.length]).toEqual([before, 1, 2])
  },
)

test('an intent that the store refuses leaves the approval unused', async () => {
  const barred = b.runner({ authorise: async () => 'Not now.' })
  const id = await b.start()
  await approveOpen(id)
  await b.reaches(id, ['needs-person'])
  await barred.stop()
  const { runner: store } = database()
  await database().force(`UPDATE run SET state = 'running' WHERE id = $1`, [id])
  await database().owner.pool.query(
    `INSERT INTO lease (name, holder, epoch, expires_at) VALUES ('l:test', 'me', 1, clock_timestamp() + interval '1 minute')`,
  )
  const digest = (await readRun(store, id)).approvals.at(-1)?.covers[0]?.digest ?? ''
  const call = { kind: 'sql' as const, host: 'h', port: 1, user: 'u', database: 'd', statements: [] }
  const intent = { runId: id, ...step, attempt: 1, direction: 'do' as const, call, cli: '', digest, dangerous: true }
  const answer = await intend(
    store,
    { lease: 'l:test', holder: 'me', epoch: 1 },
    { ...intent, sentence: '', appMs: 0 },
    { kind: 'effect.intent', actor: { kind: 'runner', name: 'me', epoch: 1 }, text: 'x' },
  )
  expect(answer.refused).toBe('step-moved')
  const after = await readRun(store, id)
  expect([after.effects.length, after.approvals.at(-1)?.usedAt]).toEqual([0, null])
})

test('a runner that was lost before it acted: the same approval serves the one call that is made', async () => {
  const first = b.runner({ send: () => hung.promise })
  const id = await b.start()
  await approveOpen(id)
  await expect.poll(async () => (await readRun(database().runner, id)).effects.length).toBe(1)
  await first.lease.stop()
  b.runner()
  const run = await b.reaches(id, ['done', 'waiting', 'needs-person'])
  expect([run.state, world.thrown, run.approvals.length]).toEqual(['done', 1, 1])
})

describe('what was shown is checked again right before the call', () => {
  /** The figure that is bound, as the world says it at each look. */
  const figures = (shown: () => Facts): AnyProcedure => ({
    ...usual,
    ask: async (...args) => ({ ...(await usual.ask(...args)), bound: shown() }),
    outgrown: (approved, now) => (approved.loss === now.loss ? null : `The loss is now ${now.loss}.`),
  })

  test('after a retry', async () => {
    let loss: number | null = 1
    const procedure = figures(() => ({ loss }))
    catalogue.procedure = procedure
    world.next = 'refused'
    b.runner({ procedure })
    const id = await b.start()
    await approveOpen(id)
    await b.reaches(id, ['needs-person'])
    loss = null
    await retryStep(await b.person('Starter', 'responder'), { runId: id, ...step })
    const run = await b.reaches(id, ['waiting'])
    expect(run.approvals.map((a) => a.state)).toEqual(['void', 'open'])
    expect(world.thrown).toBe(0)
  })

  test('after a pause', async () => {
    let loss = 1
    const procedure = figures(() => ({ loss }))
    catalogue.procedure = procedure
    const id = await b.start()
    const asking = b.runner({ procedure })
    await b.reaches(id, ['waiting'])
    await pauseRun(await b.person('Starter'), { runId: id })
    await approveOpen(id)
    await b.reaches(id, ['paused'])
    loss = 2
    await resumeRun(await b.person('Starter'), { runId: id })
    await b.reaches(id, ['waiting'])
    expect(world.thrown).toBe(0)
    await asking.stop()
  })

  test('after a takeover', async () => {
    let loss = 1
    const procedure = figures(() => ({ loss }))
    catalogue.procedure = procedure
    const first = b.runner({ procedure, send: () => hung.promise })
    const id = await b.start()
    await approveOpen(id)
    await expect.poll(async () => (await readRun(database().runner, id)).effects.length).toBe(1)
    loss = 2
    await first.lease.stop()
    b.runner({ procedure })
    await b.reaches(id, ['waiting'])
    expect(world.thrown).toBe(0)
  })
})

test('the rule that tells people and the rule of the store agree', async () => {
  const { runner: store, ownerUrl } = database()
  const id = await b.start()
  const minute = 60_000
  const age = fc.integer({ min: 0, max: 80 }).map((minutes) => (minutes + 0.5) * minute)
  const situation = fc.record({
    two: fc.boolean(),
    decider: fc.constantFrom('starter', 'other'),
    askedFor: fc.constantFrom(null, 'starter', 'other'),
    answeredBy: fc.constantFrom(null, null, 'starter', 'other'),
    kind: fc.constantFrom('second-person', 'break-glass'),
    state: fc.constantFrom('approved', 'approved', 'approved', 'void', 'open'),
    age,
    effects: fc.array(
      fc.record({
        stepId: fc.constantFrom('throw', 'approve'),
        direction: fc.constantFrom('do', 'undo'),
        outcome: fc.constantFrom('accepted', 'rejected', 'unknown', null),
        age,
      }),
      { maxLength: 3 },
    ),
    crashed: fc.boolean(),
    covers: fc.constantFrom(
      { stepId: 'throw', digest: 'd' },
      { stepId: 'throw', digest: 'd', direction: 'undo' },
      { stepId: 'throw', digest: 'd', forMs: 5 * minute },
      { stepId: 'throw', digest: 'd', forMs: 70 * minute },
    ),
    call: fc.constantFrom({}, { direction: 'undo' as const }),
  })
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  await owner.query('SET session_replication_role = replica')
  const answers = { yes: 0, no: 0 }
  let attempt = 0
  try {
    await fc.assert(
      fc.asyncProperty(situation, async (s) => {
        const approvalId = randomUUID()
        const ago = (ms: string) => `clock_timestamp() - ${ms}::float8 * interval '1 ms'`
        await owner.query('DELETE FROM effect_journal')
        await owner.query('DELETE FROM approval')
        const answered = s.answeredBy && { value: {}, by: { id: s.answeredBy, name: '' }, at: 0 }
        await owner.query(`UPDATE run SET two_persons = $1, started_by_id = 'starter', facts = $2`, [
          s.two,
          JSON.stringify({ 'answer/choose': answered }),
        ])
        await owner.query(`UPDATE run_step SET crashed = $1`, [s.crashed])
        await owner.query(
          `INSERT INTO approval (id, run_id, step_id, digest, title, shown, bound, covers, type_to_confirm, state, kind,
             requested_at, expires_at, decided_at, decided_by_id, decided_by_name, asked_for_id)
           VALUES ($1, $2, 'approve', '', '', '{}', '{}', $3, '', $4, $5, ${ago('$6')}, ${ago('$6')} + $7::int * interval '1 ms',
             ${ago('$6')}, $8, $8, $9)`,
          [approvalId, id, JSON.stringify([s.covers]), s.state, s.kind, s.age, approvalMs, s.decider, s.askedFor],
        )
        for (const e of s.effects)
          await owner.query(
            `INSERT INTO effect_journal (run_id, step_id, attempt, direction, call, cli, digest, runner, epoch, intended_at,
               outcome, outcome_at, app_ms, approval_id)
             VALUES ($1, $2, $3, $4, '{}', '', '', 'r', 1, ${ago('$6')}, $5::text, CASE WHEN $5::text IS NOT NULL THEN ${ago('$6')} END, 0, $7)`,
            [id, e.stepId, ++attempt, e.direction, e.outcome, e.age, approvalId],
          )
        const run = await readRun(store, id)
        const [approval] = run.approvals
        if (!approval) throw new Error('the approval is gone')
        const { rows } = await owner.query<{ id: string | null }>(
          `SELECT approval_for($1, 'throw', $2, 'd', $3, 'starter', $4) AS id`,
          [id, s.call.direction ?? 'do', s.two, s.crashed],
        )
        const allowed = approvalAllows(run, approval, { stepId: 'throw', digest: 'd', ...s.call }, run.readAt)
        expect(allowed).toBe(rows[0]?.id === approvalId)
        answers[allowed ? 'yes' : 'no'] += 1
      }),
      { numRuns: 450, seed: 7 },
    )
  } finally {
    await owner.end()
  }
  // Neither answer is vacuous.
  expect(Math.min(answers.yes, answers.no)).toBeGreaterThan(10)
  expect([approvalMs, approvalNextMs, approvalLastsMs]).toEqual([10 * minute, 10 * minute, 60 * minute])
})
