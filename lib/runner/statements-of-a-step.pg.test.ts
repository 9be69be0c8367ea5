// What a step that runs alone asks of the store, from its first look to its proof: every statement more is time that clients wait.
import pg from 'pg'
import { afterEach, expect, test, vi } from 'vitest'
import { approve } from '../commands/run/decide'
import { databasePerTest } from '../store/testing/database'
import { approvalProof } from './approval-proof'
import { authoriseFrom } from './authorise'
import { type Bench, bench, Switch, surroundings, switchProcedure } from './testing/one-effect'

const database = databasePerTest()
let b: Bench | undefined
afterEach(async () => {
  vi.restoreAllMocks()
  await b?.end()
})

/** What polls besides the run, whatever the run does. */
const besides = /^(\/\* lease|SELECT id FROM run WHERE environment)/

/** The statements that the runner asked in this time, by name. */
async function askedDuring(work: () => Promise<unknown>): Promise<string[]> {
  const spy = vi.spyOn(pg.Pool.prototype, 'query')
  await work()
  const textOf = (query: unknown) =>
    (typeof query === 'string' ? query : String((query as { text?: unknown }).text)).replace(/\s+/g, ' ')
  const all = spy.mock.calls.map(([query], i) => ({ pool: spy.mock.contexts[i], query }))
  const runner = all.find(({ query }) => textOf(query).includes('effect_intend'))?.pool
  return all
    .filter(({ pool, query }) => pool === runner && !besides.test(textOf(query)))
    .map(({ query }) => (query as { name?: string }).name ?? textOf(query))
}

test('a step with one effect takes as many statements as it always did', async () => {
  const world = new Switch()
  const asked = await askedDuring(async () => {
    b = bench(database(), world, switchProcedure(world, 'SAFE'))
    const id = await b.start()
    b.runner()
    await b.reaches(id, ['done'])
  })
  expect(asked).toEqual([
    // The run is ready, and the step begins.
    ...['whole-run', 'run_moves', 'whole-run', 'run_moves'],
    ...['show-call', 'append-output', 'effect_intend', 'fence-holds', 'effect_settle', 'append-output'],
    ...['whole-run', 'append-output', 'run_moves', 'whole-run', 'run_moves', 'whole-run'],
  ])
})

test('an answer lets the run go on, the gate be passed and the next step begin in as few statements as can be', async () => {
  const world = new Switch()
  b = bench(database(), world, switchProcedure(world, 'DANGEROUS'))
  const mine = b
  const id = await mine.start()
  mine.runner({ authorise: authoriseFrom(database().runner, surroundings, approvalProof(null)) })
  const open = (await mine.reaches(id, ['waiting'])).approvals.at(-1)
  if (!open) throw new Error('nothing is asked')
  const approver = await mine.person('Other', 'approver')
  const asked = await askedDuring(async () => {
    await approve(approver, { runId: id, approvalId: open.id, digest: open.digest, typed: open.typeToConfirm })
    await mine.reaches(id, ['done'])
  })
  // A look for the answer may be under way when it is given.
  const answered = asked.indexOf('run_moves')
  expect(asked.slice(answered, asked.indexOf('effect_settle'))).toEqual([
    // Answered and approved; approved and proved; and the step that was approved begins.
    ...['run_moves', 'run_moves', 'whole-run', 'run_moves'],
    ...['show-call', 'append-output', 'effect_intend', 'fence-holds'],
  ])
  const { rows } = await database().owner.pool.query<{ kind: string }>(
    `SELECT kind FROM record_entry WHERE run_id = $1 AND kind ~ '^(run|step|approval)[.]' ORDER BY n`,
    [id],
  )
  expect(rows.map(({ kind }) => kind).slice(-8)).toEqual([
    ...['approval.given', 'run.answered', 'step.approved', 'step.found-done', 'step.proved'],
    ...['step.begin', 'step.proved', 'run.finish'],
  ])
})
