/**
 * One person asks for looks at the prerequisites as fast as they can: the same one, and a hundred that differ, from many
 * tabs. Each look opens sessions on the guarded database, so only a few are made at once, and the same one is made once.
 * Dry runs look as well, and for longer: only a few of them are under way, and the refusal says which.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { CommandContext } from '../commands/context'
import { askPreflight } from '../commands/run/ask-preflight'
import { startRun } from '../commands/run/start-run'
import { stopRun } from '../commands/run/steer'
import { signedIn } from '../commands/testing/signed-in'
import { dryRunsAtOnce, looksAtOnce } from '../domain/admission'
import { ExpectedError } from '../domain/errors'
import type { Role } from '../domain/people/permissions'
import type { RunMode } from '../domain/procedure/types'
import type { Database } from '../ports/database'
import type { AnyProcedure } from '../procedures/contract'
import { createStore, type Store } from '../store/client'
import { leaseStore } from '../store/lease'
import { readPreflight } from '../store/preflight'
import { databasePerTest } from '../store/testing/database'
import { Lease } from './lease'
import { createProcedureRunner, type ProcedureRunner, type ProcedureRunnerSettings } from './procedures'
import { Switch, surroundings, switchProcedure } from './testing/one-effect'

const catalogue = vi.hoisted(() => ({ procedure: null as AnyProcedure | null }))
vi.mock('../procedures/index', () => ({ procedureBySlug: () => catalogue.procedure, procedures: [] }))
const database = databasePerTest()

let looking = 0
let most = 0
let looks = 0
let letGo: (() => void)[] = []
let held = false
let own: Store
let lease: Lease
let runner: ProcedureRunner

/** A look at the prerequisites that takes as long as the test wants. */
async function look(): Promise<[]> {
  looks += 1
  looking += 1
  most = Math.max(most, looking)
  if (held) await new Promise<void>((resolve) => letGo.push(resolve))
  looking -= 1
  return []
}

beforeEach(() => {
  looking = 0
  most = 0
  looks = 0
  letGo = []
  held = true
  catalogue.procedure = {
    ...switchProcedure(new Switch(), 'SAFE'),
    inputs: z.object({ n: z.number().optional() }),
    preflight: look,
  }
  own = createStore(database().runnerUrl, { connections: 4 })
  lease = new Lease(leaseStore(own), 'collector:test', 'one')
  runner = createProcedureRunner({
    store: own,
    storeUrl: database().runnerUrl,
    lease,
    environment: surroundings,
    ports: {
      fleet: { control: {} } as ProcedureRunnerSettings['ports']['fleet'],
      database: {} as Database,
      workloads: null,
      poolers: [],
      throughPoolers: new Map(),
      control: null,
      metrics: null,
      snapshot: () => null,
    },
    looks: { database: {} as Database, control: null },
    onChanged: () => {},
    log: () => {},
    catalogue: () => catalogue.procedure,
  })
  lease.start()
})
afterEach(async () => {
  held = false
  for (const go of letGo) go()
  await runner.stop()
  await lease.stop()
  await own.close()
})

const as = (login: string, role: Role = 'viewer') =>
  signedIn(database(), { login, role }, { name: 'test', kind: 'staging' })
const people = (count: number, role?: Role) => Promise.all(Array.from({ length: count }, (_, n) => as(`p${n}`, role)))
const ask = (person: CommandContext, n: number, mode: RunMode = 'dry-run') =>
  askPreflight(person, surroundings, { slug: 'switch', mode, inputs: { n } })
const code = (error: unknown) => (error instanceof ExpectedError ? error.code : Promise.reject(error))

describe('looks at the prerequisites', () => {
  test('a hundred of one person: few are made at once, the newest is answered, and they are told to ask less often', async () => {
    const viewer = await as('v')
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => ask(viewer, n).catch(code)))
    expect(answers.filter((one) => one === 'too-many-attempts').length).toBeGreaterThan(50)
    runner.start()
    await expect.poll(() => looking).toBe(1)
    held = false
    for (const go of letGo) go()
    const ids = answers.flatMap((one) => (typeof one === 'string' ? [] : [one.id]))
    const states = async () =>
      (await Promise.all(ids.map((id) => readPreflight(own, 'test', id)))).map((view) => view?.state)
    await expect.poll(states).not.toContain('asked')
    expect(
      (await states()).filter((state) => state === 'done'),
      'older ones gave way',
    ).toHaveLength(1)
    expect(most).toBe(1)
  })

  test('of forty people who ask differently: no more at once than a runner makes, and everybody is answered', async () => {
    const ids = await Promise.all((await people(40)).map(async (one, n) => (await ask(one, n)).id))
    runner.start()
    await expect.poll(() => looking).toBe(looksAtOnce)
    held = false
    for (const go of letGo) go()
    for (const id of ids) await expect.poll(async () => (await readPreflight(own, 'test', id))?.state).toBe('done')
    expect(looks).toBe(40)
    expect(most).toBe(looksAtOnce)
  })

  test('of forty people who ask the same: one look answers them all', async () => {
    runner.start()
    const ids = await Promise.all((await people(40)).map(async (one) => (await ask(one, 1)).id))
    await expect.poll(() => looking).toBe(1)
    const later = (await ask(await as('late'), 1)).id
    expect(new Set([...ids, later]).size).toBe(1)
    held = false
    for (const go of letGo) go()
    await expect.poll(async () => (await readPreflight(own, 'test', later))?.state).toBe('done')
    expect(looks).toBe(1)
  })

  test('are not shared where the answer may differ: other inputs, another mode, or one who may approve', async () => {
    const asked = [
      await ask(await as('a'), 1),
      await ask(await as('b'), 2),
      await ask(await as('c'), 1, 'real'),
      await ask(await as('d', 'approver'), 1),
      await ask(await as('e', 'admin'), 1),
    ].map(({ id }) => id)
    expect(new Set(asked).size).toBe(4)
    expect(asked[4], 'neither is counted among those who could approve for them').toBe(asked[3])
  })
})

describe('dry runs', () => {
  const start = (person: CommandContext, mode: RunMode = 'dry-run') =>
    startRun(
      person,
      surroundings,
      {
        slug: 'switch',
        mode,
        reason: 'A test of many at once',
        typedEnvironment: 'test',
        inputs: {},
      },
      null,
    )

  test('many started at the same moment: as many as may be are under way, and the refusal names them', async () => {
    const nine = await people(9, 'responder')
    const started = await Promise.all(nine.map((one) => start(one).catch(code)))
    expect(started.filter((one) => typeof one !== 'string')).toHaveLength(dryRunsAtOnce)
    expect(started.filter((one) => one === 'conflict')).toHaveLength(9 - dryRunsAtOnce)
    await expect(start(await as('late', 'responder'))).rejects.toThrow(
      /^3 dry runs are under way in test, and no more may be: Switch by p\d, Switch by p\d and Switch by p\d\. Stop one of them/,
    )
  })

  test('one that ends makes room for another, and none is in the way of the real thing', async () => {
    const ids: string[] = []
    for (let n = 0; n < dryRunsAtOnce; n++) ids.push((await start(await as(`p${n}`, 'responder'))).id)
    await start(await as('real', 'responder'), 'real')
    await stopRun(await as('p0', 'responder'), { runId: ids[0] ?? '', reason: 'Another needs the place' })
    runner.start()
    const next = await as('next', 'responder')
    await expect
      .poll(() =>
        start(next).then(
          () => 'started',
          (error: unknown) => code(error),
        ),
      )
      .toBe('started')
  })

  test('one person may start a few, and then has to wait; the real thing is never refused so', async () => {
    const person = await as('hasty', 'responder')
    const started = await Promise.all(Array.from({ length: 12 }, () => start(person).catch(code)))
    expect(started.filter((one) => one === 'too-many-attempts')).toHaveLength(7)
    await start(person, 'real')
    await expect(start(person, 'real')).rejects.toMatchObject({ code: 'conflict' })
  })
})
