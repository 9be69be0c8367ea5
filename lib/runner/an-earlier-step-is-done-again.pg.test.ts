// What an earlier step proved is no longer so when a later one is about to act, as when a pooler was restarted that held the
// traffic. That step is done again first, as often as the attempts allow, also by the runner that takes the run up; where people
// decided to go without it, it is left.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { skipStep } from '../commands/run/steer'
import { trafficGatesOf } from '../procedures/catalogue'
import type { AnyProcedure, AnyStep } from '../procedures/contract'
import { readRun } from '../store/run'
import { runHoldsTraffic } from '../store/run-hold'
import { databasePerTest } from '../store/testing/database'
import { type Bench, bench, Switch, surroundings, switchProcedure } from './testing/one-effect'

const catalogue = vi.hoisted(() => ({ procedure: null as AnyProcedure | null }))
vi.mock('../procedures/index', () => ({ procedureBySlug: () => catalogue.procedure, procedures: [] }))

const database = databasePerTest()
let world: Switch
let b: Bench
/** How often the switch falls back right before the second step acts. */
let falls: number

beforeEach(() => {
  world = new Switch()
  falls = 0
  const usual = switchProcedure(world, 'SAFE')
  const steps = (environment: typeof surroundings): AnyStep[] => {
    const [first] = usual.steps(environment)
    if (!first) throw new Error('the switch has a step')
    const hold: AnyStep = { ...first, id: 'hold', traffic: 'holds' }
    const light: AnyStep = {
      ...first,
      id: 'light',
      title: 'Light the lamp',
      call: (ctx) => first.call?.(ctx, environment) ?? null,
      observe: async () => ({ state: 'not-started', says: 'It is dark.' }),
      async guard() {
        if (falls > 0) {
          falls -= 1
          world.on = false
        }
        return world.on ? null : { stepId: 'hold', because: 'The switch fell back.' }
      },
      verify: async () => ({ state: 'proved', says: 'It is lit.' }),
      undo: undefined,
    }
    return [hold, light]
  }
  catalogue.procedure = { ...usual, steps }
  b = bench(database(), world, catalogue.procedure)
})
afterEach(async () => {
  await b.end()
})

const stepOf = async (id: string, stepId: string) =>
  (await readRun(database().runner, id)).steps.find((s) => s.stepId === stepId)

test('it is done again, and the later step acts after it', async () => {
  falls = 2
  b.runner()
  const run = await b.reaches(await b.start(), ['done', 'needs-person'])
  expect(run.state, run.sentence).toBe('done')
  expect(run.steps.map(({ stepId, state }) => [stepId, state])).toEqual([
    ['hold', 'confirmed'],
    ['light', 'confirmed'],
  ])
  expect(run.effects.map((e) => e.stepId)).toEqual(['hold', 'hold', 'hold', 'light'])
})

test('one that never stays so is given up after its attempts, and a person is asked', async () => {
  falls = 100
  b.runner()
  const run = await b.reaches(await b.start(), ['done', 'needs-person'])
  expect(run.state).toBe('needs-person')
  expect(run.effects.every((e) => e.stepId === 'hold')).toBe(true)
  expect(run.effects).toHaveLength(5)
})

test('where people go without it, it is left', async () => {
  world.proves = false
  b.runner()
  const id = await b.start()
  await b.reaches(id, ['needs-person'])
  world.on = false
  const input = { runId: id, stepId: 'hold', reason: 'The lamp has its own switch.' }
  await skipStep(await b.person('Other'), surroundings, input)
  const run = await b.reaches(id, ['done', 'needs-person'])
  expect(run.state, run.sentence).toBe('done')
  expect((await stepOf(id, 'hold'))?.state).toBe('skipped')
})

test('while it holds traffic and has not resumed it, the run says so to the collector', async () => {
  const gates = trafficGatesOf(catalogue.procedure ? [catalogue.procedure] : [], surroundings)
  const holds = () => runHoldsTraffic(database().runner, surroundings.name, gates)
  expect(await holds()).toBe(false)
  world.proves = false
  const id = await b.start()
  expect(await holds()).toBe(false)
  b.runner()
  await b.reaches(id, ['needs-person'])
  expect(await holds()).toBe(true)
  const input = { runId: id, stepId: 'hold', reason: 'The lamp has its own switch.' }
  world.on = true
  await skipStep(await b.person('Other'), surroundings, input)
  await b.reaches(id, ['done'])
  expect(await holds()).toBe(false)
})

test.each([4, 5, 6, 7, 8, 9, 10])('a runner that dies after %i writes leaves it to the next', async (writes) => {
  falls = 1
  const doomed = b.runner({ diesAfterWrites: writes, ttlMs: 500 })
  const id = await b.start()
  await expect.poll(() => doomed.dead(), { timeout: 10_000 }).toBe(true)
  await doomed.kill()
  b.runner()
  const run = await b.reaches(id, ['done', 'needs-person'])
  expect(run.state, run.sentence).toBe('done')
  expect(world.on).toBe(true)
  expect(run.steps.every((s) => s.state === 'confirmed' || s.state === 'already-so')).toBe(true)
})
