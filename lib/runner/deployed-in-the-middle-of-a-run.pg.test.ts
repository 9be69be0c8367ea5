/*
 * A new version is deployed while a run is under way: its procedure is gone, its inputs can no longer be read, its steps
 * have changed, or it has a defect that throws. No error repeats for ever: a person is asked within seconds and reads the
 * cause, Stop works and frees the cluster, and the run can be continued when the right version is back.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { approve } from '../commands/run/decide'
import { resumeRun, retryStep, stopRun } from '../commands/run/steer'
import type { AnyProcedure } from '../procedures/contract'
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
beforeEach(() => {
  world = new Switch()
  usual = switchProcedure(world, 'DANGEROUS')
  catalogue.procedure = usual
  b = bench(database(), world, usual)
})
afterEach(async () => {
  await b.end()
})
const reason = 'The deployment went wrong.'
const locks = async () => (await database().runner.pool.query('SELECT 1 FROM resource_lock')).rowCount

const version = (name: string, change: () => AnyProcedure | null, says: RegExp) => ({ name, change, says })
const bad = [
  version('has no such procedure', () => null, /does not have the procedure/),
  version(
    'cannot read the inputs',
    () => ({ ...usual, inputs: z.object({ x: z.string() }) }),
    /cannot read the inputs of this run \(x\)/,
  ),
  version(
    'cannot read what the run has fixed',
    () => ({ ...usual, facts: z.object({ clusterId: z.number() }).partial() }),
    /cannot read what this run has stored \(clusterId\)/,
  ),
  version(
    'does the same steps in another way',
    () => ({ ...usual, version: usual.version + 1 }),
    /The procedure changed/,
  ),
  version('changed the steps', () => switchProcedure(world, 'DANGEROUS', 'Another step'), /The procedure changed/),
  version(
    'has steps that throw',
    () => ({
      ...usual,
      steps: () => {
        throw new Error('a defect')
      },
    }),
    /unforeseen error.*reference [0-9a-f]{8}/,
  ),
]

/** A run at rest in the middle: it waits for approval, and the runner that asked is gone. */
async function waiting(): Promise<string> {
  const id = await b.start()
  const old = b.runner()
  await b.reaches(id, ['waiting'])
  await old.stop()
  return id
}

describe.each(bad)('a version that $name', ({ change, says }) => {
  test('asks a person with the cause, withdraws what it asked, and stops when told', async () => {
    const id = await waiting()
    b.runner({ procedure: change() })
    const run = await b.reaches(id, ['needs-person'])
    expect(run.sentence).toMatch(says)
    expect(run.approvals.map((a) => a.state)).toEqual(['void'])
    await stopRun(await b.person('Other'), { runId: id, reason })
    await b.reaches(id, ['stopped'])
    expect(await locks()).toBe(0)
    await b.start()
  })

  test('stops a run at once that was asked to stop before it came', async () => {
    const id = await waiting()
    await stopRun(await b.person('Other'), { runId: id, reason })
    b.runner({ procedure: change() })
    const run = await b.reaches(id, ['stopped', 'needs-person'])
    if (run.state === 'needs-person') await b.reaches(id, ['stopped'])
    expect(await locks()).toBe(0)
  })

  test('ends a run that has not started, and frees its cluster', async () => {
    const id = await b.start()
    b.runner({ procedure: change() })
    const run = await b.reaches(id, ['aborted', 'needs-person'])
    expect(run.sentence).toMatch(says)
    expect([world.thrown, run.effects.length]).toEqual([0, 0])
    if (run.state === 'aborted') expect(await locks()).toBe(0)
  })

  test('leaves nothing that the right version cannot continue', async () => {
    const id = await waiting()
    const wrong = b.runner({ procedure: change() })
    const run = await b.reaches(id, ['needs-person'])
    await wrong.stop()
    b.runner()
    const failed = run.steps.find((s) => s.state === 'failed')
    const person = await b.person('Starter')
    if (failed) await retryStep(person, { runId: id, stepId: failed.stepId })
    else await resumeRun(person, { runId: id })
    const asked = (await b.reaches(id, ['waiting'])).approvals.at(-1)
    await approve(await b.person('Other'), {
      runId: id,
      approvalId: asked?.id ?? '',
      digest: asked?.digest ?? '',
      typed: asked?.typeToConfirm ?? '',
    })
    await b.reaches(id, ['done'])
    expect(world.thrown).toBe(1)
  })
})

test('an effect under way is settled first: whether it happened is found out by the version that can', async () => {
  const safe = switchProcedure(world, 'SAFE')
  catalogue.procedure = safe
  const one = bench(database(), world, safe)
  const hung = promised<never>()
  const acting = promised<void>()
  const dying = one.runner({
    send: async (...call) => {
      await world.throwIt(...call)
      acting.resolve()
      return await hung.promise
    },
  })
  const id = await one.start()
  await acting.promise
  await dying.lease.stop()
  const wrong = one.runner({ procedure: null })
  const run = await one.reaches(id, ['needs-person'])
  expect(run.steps[0]).toMatchObject({ state: 'failed', touched: true })
  expect(run.effects.map((e) => e.outcome)).toEqual(['unknown'])
  await wrong.stop()
  one.runner()
  await retryStep(await one.person('Starter'), { runId: id, stepId: 'throw' })
  await one.reaches(id, ['done'])
  expect(world.thrown).toBe(1)
  hung.reject(new Error('gone'))
  await one.end()
})

test('the end of a run that throws asks a person, who may continue or stop', async () => {
  const broken: AnyProcedure = {
    ...usual,
    obligations: () => {
      throw new Error('a defect')
    },
  }
  const id = await waiting()
  const asked = (await readRun(database().runner, id)).approvals.at(-1)
  await approve(await b.person('Other'), {
    runId: id,
    approvalId: asked?.id ?? '',
    digest: asked?.digest ?? '',
    typed: asked?.typeToConfirm ?? '',
  })
  const wrong = b.runner({ procedure: broken })
  await b.reaches(id, ['needs-person'])
  await wrong.stop()
  b.runner()
  await resumeRun(await b.person('Starter'), { runId: id })
  await b.reaches(id, ['done'])
})
