/*
 * One person rolls back what two people agreed on. Rolling back a dangerous step is a dangerous act: it is guarded, asked of
 * another person than the one who wants it, and sent under an approval of its own. The fence of an old writer is not opened
 * while another node accepts writes, whoever asks.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { CommandContext } from '../commands/context'
import { approve, refuse } from '../commands/run/decide'
import { stopRun, undoStep } from '../commands/run/steer'
import type { Call } from '../domain/procedure/call'
import { PortError } from '../ports/port-error'
import type { AnyProcedure, AnyStep, Surroundings, World } from '../procedures/contract'
import { placed } from '../procedures/procedure'
import { fenceOldWriter } from '../procedures/steps/fence'
import { readRun } from '../store/run'
import { databasePerTest } from '../store/testing/database'
import { type Bench, bench, Switch, surroundings, switchProcedure } from './testing/one-effect'

const catalogue = vi.hoisted(() => ({ procedure: null as AnyProcedure | null }))
vi.mock('../procedures/index', () => ({ procedureBySlug: () => catalogue.procedure, procedures: [] }))
const database = databasePerTest()
const reason = 'It must stay as it is.'
let world: Switch
let b: Bench
beforeEach(() => {
  world = new Switch()
})
afterEach(async () => {
  await b.end()
})

function use(procedure: AnyProcedure): void {
  catalogue.procedure = procedure
  b = bench(database(), world, procedure)
}
const open = async (id: string) => (await b.asked(id)).input
const stepIs = (id: string, stepId: string, state: string) =>
  expect
    .poll(async () => (await readRun(database().runner, id)).steps.find((s) => s.stepId === stepId)?.state)
    .toBe(state)

/** The switch was thrown, with approval where it is dangerous, and its proof never came. */
async function thrown(effect: 'SAFE' | 'DANGEROUS', undo: Partial<AnyStep['undo']> = {}): Promise<string> {
  const usual = switchProcedure(world, effect)
  use({
    ...usual,
    steps: (environment) =>
      usual
        .steps(environment)
        .map((s) =>
          s.id === 'throw' && s.undo
            ? { ...s, undo: { ...s.undo, ...undo }, verify: async () => ({ state: 'failed', says: 'No proof.' }) }
            : s,
        ),
  })
  b.runner()
  const id = await b.start()
  if (effect === 'DANGEROUS') await approve(await b.person('Other', 'approver'), await open(id))
  await b.reaches(id, ['needs-person'])
  expect(world.on).toBe(true)
  return id
}
const rollBack = async (id: string, person: CommandContext) =>
  await undoStep(person, surroundings, { runId: id, stepId: 'throw' })

test('of a dangerous step waits for another person than the one who asked, and is sent under that approval', async () => {
  const id = await thrown('DANGEROUS')
  await rollBack(id, await b.person('Other'))
  const asked = await open(id)
  const shown = (await readRun(database().runner, id)).approvals.at(-1)
  expect(shown).toMatchObject({ title: 'Roll back: Throw the switch' })
  expect(shown?.shown.commands).toMatchObject([{ cli: expect.stringContaining('--db-cluster-identifier back') }])
  await expect(approve(await b.person('Other', 'approver'), asked)).rejects.toMatchObject({ code: 'not-allowed' })
  expect(world.on).toBe(true)
  // The starter is another human than the one who asked.
  await approve(await b.person('Starter', 'approver'), asked)
  await stepIs(id, 'throw', 'undone')
  const run = await readRun(database().runner, id)
  expect(world.on).toBe(false)
  expect(run.effects.map((e) => [e.direction, e.outcome, e.approvalId])).toEqual([
    ['do', 'accepted', run.approvals[0]?.id],
    ['undo', 'accepted', asked.approvalId],
  ])
})

test('of a safe step needs one person', async () => {
  const id = await thrown('SAFE')
  await rollBack(id, await b.person('Starter'))
  await stepIs(id, 'throw', 'undone')
  expect((await readRun(database().runner, id)).approvals).toEqual([])
})

test('that another person refuses is not done, and the run asks how to continue', async () => {
  const id = await thrown('DANGEROUS')
  await rollBack(id, await b.person('Starter'))
  const { runId, approvalId } = await open(id)
  await refuse(await b.person('Other', 'approver'), { runId, approvalId, reason })
  const run = await b.reaches(id, ['needs-person'])
  expect(run.steps.at(-1)).toMatchObject({ state: 'failed', sentence: expect.stringContaining(reason) })
  expect(world.on).toBe(true)
})

test('that waits for approval is stopped at once: nothing of it was sent', async () => {
  const id = await thrown('DANGEROUS')
  await rollBack(id, await b.person('Starter'))
  await open(id)
  await stopRun(await b.person('Starter'), { runId: id, reason })
  await b.reaches(id, ['stopped'])
  expect(world.on).toBe(true)
})

test('that its guard forbids is not even asked for, and one that it forbids later is withdrawn', async () => {
  let barred: string | null = 'Another writer exists.'
  const id = await thrown('DANGEROUS', { guard: async () => barred })
  await rollBack(id, await b.person('Starter'))
  const first = await b.reaches(id, ['needs-person'])
  expect([first.sentence, first.approvals.length]).toEqual(['Throw the switch: Another writer exists.', 1])
  barred = null
  await rollBack(id, await b.person('Starter'))
  const asked = await open(id)
  barred = 'A writer has appeared.'
  await b.reaches(id, ['needs-person'])
  expect((await readRun(database().runner, id)).approvals.at(-1)?.state).toBe('void')
  await expect(approve(await b.person('Other', 'approver'), asked)).rejects.toMatchObject({ code: 'conflict' })
  expect(world.on).toBe(true)
})

test('that failed can be requested again', async () => {
  let proves = false
  const id = await thrown('SAFE', { verify: async () => ({ state: proves ? 'proved' : 'failed', says: 'Looked.' }) })
  await rollBack(id, await b.person('Starter'))
  await stepIs(id, 'throw', 'failed')
  await b.reaches(id, ['needs-person'])
  proves = true
  await rollBack(id, await b.person('Starter'))
  await stepIs(id, 'throw', 'undone')
  expect((await readRun(database().runner, id)).effects.map((e) => e.direction)).toEqual(['do', 'undo', 'undo'])
})

const environment: Surroundings = {
  ...surroundings,
  database: { ...surroundings.database, user: 'warroom', recovery: { user: 'recovery' }, applicationRoles: ['app'] },
  policy: { breakGlass: false, twoPersons: true },
}
const node = (id: string, timeline: number) => ({
  ...{ id, host: id, port: 5432, zone: 'a', instanceClass: 'c', timeline, lsn: null, multiAz: false },
  securityGroupIds: ['sg-1'],
})

test.each([
  ['accepts writes', () => ({ standby: false, timeline: 2, readOnly: false }), /new accepts writes/],
  [
    'does not respond',
    () => {
      throw new PortError('timeout', 'No answer.', { outcome: 'unknown', probe: 'timeout' })
    },
    /unknown whether new accepts writes/,
  ],
])('the fence of the old writer stays closed while the promoted node %s', async (_how, answer, says) => {
  const old = { fenced: false }
  let promotedAnswers = true
  const sent: Call[] = []
  const looks = {
    environment,
    fleet: {
      guarded: async () => ({
        cluster: {
          ...{ status: 'available', engine: 'postgres', tags: { 'dr-lab': 'hybrid' } },
          members: ['old', 'new'].map((id) => ({ id, isWriter: id === 'new', promotionTier: 1 })),
        },
        instances: ['old', 'new'].map((id) => ({
          ...{ id, region: 'us-west-2', status: 'available', securityGroupIds: ['sg-1'] },
          address: { host: id, port: 5432 },
        })),
      }),
    },
    ask: async ({ host }: { host: string }) =>
      host === 'old'
        ? { standby: false, timeline: 1, readOnly: old.fenced }
        : promotedAnswers
          ? { standby: false, timeline: 2, readOnly: false }
          : answer(),
    lookAtFence: async () => ({
      canLogin: old.fenced ? [] : ['app'],
      sessions: 0,
      readOnlyByDefault: old.fenced,
      write: { by: 'app', refusedWith: old.fenced ? '25006' : null },
    }),
  }
  const usual = switchProcedure(world, 'DANGEROUS')
  const [ask] = usual.steps(surroundings)
  if (!ask) throw new Error('the procedure asks')
  const readers: AnyStep = {
    ...{ ...ask, id: 'readers', title: 'Readers follow', asks: undefined },
    verify: async () => ({ state: 'failed', says: 'They do not follow.' }),
  }
  use({
    ...usual,
    ask: async (...asked) => ({ ...(await usual.ask(...asked)), covers: ['fence'] }),
    steps: () => [ask, placed(usual, fenceOldWriter(environment), 1), readers],
  })
  b.runner({
    world: looks as unknown as Partial<World>,
    send: async (call) => {
      sent.push(call)
      old.fenced = call.kind === 'sql' && call.statements.some((s) => s.includes('NOLOGIN'))
      return {}
    },
  })
  const facts = { topology: 'hybrid', promotedAt: 1, writerBefore: node('old', 1), target: node('new', 2) }
  const id = await b.start({ facts })
  await approve(await b.person('Other', 'approver'), await open(id))
  await b.reaches(id, ['needs-person'])
  expect(old.fenced).toBe(true)
  promotedAnswers = false
  await undoStep(await b.person('Starter'), environment, { runId: id, stepId: 'fence' })
  await stepIs(id, 'fence', 'failed')
  const run = await b.reaches(id, ['needs-person'])
  expect(run.steps.find((s) => s.stepId === 'fence')?.sentence).toMatch(says)
  expect([old.fenced, sent.length, run.approvals.length]).toEqual([true, 1, 1])
})
