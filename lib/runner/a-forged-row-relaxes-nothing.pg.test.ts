/**
 * Somebody can write to the store: with the web's password, as its owner, by a restored copy. They make a run say that one
 * person is enough, that production is a lab, that the starter's own yes is another's, or that glass was broken where it may
 * not be. The runner acts by its own configuration: nothing is sent, people are told why, and it is in the record.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { approve, breakGlass } from '../commands/run/decide'
import { retryStep } from '../commands/run/steer'
import type { AnyProcedure, Surroundings } from '../procedures/contract'
import { readRun } from '../store/run'
import { databasePerTest } from '../store/testing/database'
import { type Bench, bench, Switch, surroundings, switchProcedure } from './testing/one-effect'

const catalogue = vi.hoisted(() => ({ procedure: null as AnyProcedure | null }))
vi.mock('../procedures/index', () => ({ procedureBySlug: () => catalogue.procedure, procedures: [] }))
const database = databasePerTest()
let world: Switch
let b: Bench

beforeEach(() => {
  world = new Switch()
  catalogue.procedure = switchProcedure(world, 'DANGEROUS')
  b = bench(database(), world, catalogue.procedure)
})
afterEach(() => b.end())

const ofRunner = (more: Partial<Surroundings>): { environment: Surroundings } => ({
  environment: { ...surroundings, ...more },
})
const sql = (text: string, id: string) => database().runner.pool.query(text, [id])

async function answered(id: string, by: 'Starter' | 'Other', how: typeof approve | typeof breakGlass = approve) {
  const { input } = await b.asked(id)
  if (how === approve) await approve(await b.person(by), input)
  else await breakGlass(await b.person(by), surroundings, { ...input, reason: 'Nobody else can be reached.' })
}

/** Nothing was sent, the step says why, and so does the record. */
async function refused(id: string, why: RegExp): Promise<void> {
  const run = await b.reaches(id, ['needs-person'])
  expect(world.thrown).toBe(0)
  expect(run.effects).toEqual([])
  expect(run.steps.find((s) => s.stepId === 'throw')).toMatchObject({
    state: 'failed',
    sentence: expect.stringMatching(why),
  })
  const { rows } = await sql(`SELECT text FROM record_entry WHERE run_id = $1 AND kind = 'step.refused'`, id)
  expect(rows.map((row) => row.text).join()).toMatch(why)
}

describe('a run that says less than the runner’s configuration is refused', () => {
  test('that one person is enough, and the starter approved it alone', async () => {
    b.runner()
    const id = await b.start({ twoPersons: false })
    await answered(id, 'Starter')
    await refused(id, /started without a second person; test requires one\. Nothing was sent/)
  })

  test('that it was changed to say so after another person had approved', async () => {
    const held = b.runner()
    const id = await b.start()
    await b.reaches(id, ['waiting'])
    await held.stop()
    await answered(id, 'Other')
    await sql('UPDATE run SET two_persons = false WHERE id = $1', id)
    b.runner()
    await refused(id, /started without a second person/)
  })

  test.each([
    ['production', 'lab'],
    ['production', 'staging'],
    ['staging', 'lab'],
  ] as const)('that %s is a %s', async (kind, said) => {
    b.runner({ world: ofRunner({ kind }) })
    const id = await b.start({ environmentKind: said })
    await answered(id, 'Other')
    await refused(id, new RegExp(`started as ${said}; by the configuration of this runner, test is ${kind}`))
  })

  test('that it is of another cluster', async () => {
    b.runner()
    const id = await b.start({ cluster: 'another' })
    await answered(id, 'Other')
    await refused(id, /belongs to cluster another; this runner guards cluster/)
  })

  test('that broken glass is enough where it is switched off', async () => {
    b.runner({ world: ofRunner({ policy: { breakGlass: false, twoPersons: true } }) })
    const id = await b.start()
    await answered(id, 'Starter', breakGlass)
    await refused(id, /Break-glass is switched off for test/)
  })

  test('and goes on being refused when it is tried again', async () => {
    b.runner()
    const id = await b.start({ twoPersons: false })
    await answered(id, 'Other')
    await b.reaches(id, ['needs-person'])
    await retryStep(await b.person('Starter'), { runId: id, stepId: 'throw' })
    await expect.poll(async () => (await readRun(database().runner, id)).state).toBe('needs-person')
    await refused(id, /started without a second person/)
  })
})

test('a run that asks more than the runner’s configuration keeps asking', async () => {
  b.runner({ world: ofRunner({ policy: { breakGlass: true, twoPersons: false } }) })
  const id = await b.start()
  await expect(answered(id, 'Starter')).rejects.toMatchObject({ code: 'not-allowed' })
  expect(world.thrown).toBe(0)
  await answered(id, 'Other')
  await b.reaches(id, ['done'])
  expect(world.thrown).toBe(1)
})
