// Half of the clients come by one PgBouncer and half by the other. Both are held before anything moves, and both let their clients
// through to the new writer; one that is dead keeps neither the other nor the failover waiting. And the application's sessions that
// stay at the old writer, a reader by then, are shown to people and ended under their approval, each of them and no other.
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { labPoolers } from '../../lab/ports'
import { applicationUser } from '../../lab/postgres/seed'
import type { AnyProcedure, AnyStep } from '../procedures/contract'
import { procedureBySlug } from '../procedures/index'
import { readRun } from '../store/run'
import { readersStream } from './testing/readers-stream'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
/** What happens once, right before the named step looks. */
let disturb: { stepId: string; strike: () => Promise<void> } | null = null

const catalogue = (slug: string): AnyProcedure | null => {
  const usual = procedureBySlug(slug)
  const disturbed = (step: AnyStep): AnyStep => {
    const { observe } = step
    if (!observe) return step
    return {
      ...step,
      async observe(world, ctx) {
        if (disturb?.stepId === step.id) {
          const { strike } = disturb
          disturb = null
          await strike()
        }
        return await observe(world, ctx)
      },
    }
  }
  return usual && { ...usual, steps: (environment) => usual.steps(environment).map(disturbed) }
}

beforeAll(async () => {
  scene = await stageScene(21_960)
  scene.startRunner({ catalogue })
})
afterAll(async () => {
  await scene?.end()
})
beforeEach(async () => {
  await scene.lab.lab.heal(null)
  await expect.poll(() => readersStream(scene), { timeout: 60_000 }).toBe(true)
  await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 60_000 }).toBe('healthy')
}, 120_000)
const patience = { timeout: 150_000 }

const sessions: Client[] = []
afterAll(() => Promise.allSettled(sessions.map((client) => client.end())))

/** A session of the application at one address. */
async function session(address: { host: string; port: number }, name: string): Promise<Client> {
  const client = new Client({
    ...address,
    user: applicationUser,
    database: scene.environment.database.name,
    password: scene.lab.lab.secrets.applicationPassword,
    application_name: name,
    connectionTimeoutMillis: 5_000,
  })
  client.on('error', () => {})
  await client.connect()
  sessions.push(client)
  return client
}
const through = (host: string) => session({ host, port: scene.lab.lab.context.ports.pgbouncer }, 'by-hand')
const told = (pooler: string, from: number) =>
  scene.lab.lab.context.log
    .list()
    .slice(from)
    .filter((e) => e.service === 'pgbouncer' && e.effective && e.parameters.pooler === pooler)
    .map((e) => e.operation)
const reader = () => scene.lab.lab.context.cluster.nodes().find((n) => n.role === 'reader')?.id ?? ''
const atWriter = async (client: Client) =>
  (await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')).rows[0]?.standby === false

test('both are held, both are switched, and no client is left at the old writer', patience, async () => {
  const from = scene.lab.lab.context.log.list().length
  const clients = await Promise.all(labPoolers.map(({ front }) => through(front)))
  const held: (boolean | undefined)[] = []
  disturb = {
    stepId: 'fail-over',
    strike: async () => {
      held.push(
        ...(scene.snapshot()?.poolers.map(({ value }) => value?.paused) ?? []),
        (await scene.clientsHeld()) ?? false,
      )
    },
  }
  const target = reader()
  const id = await scene.startFailover({ target })
  await scene.reaches(id, ['waiting'])
  await scene.approveOpen(id, await scene.as('approver'))
  const run = await scene.reaches(id, ['done', 'needs-person'], 60_000)
  expect(run.state, run.sentence).toBe('done')
  for (const { name } of labPoolers) expect(told(name, from)).toEqual(['PAUSE', 'RECONNECT', 'RESUME'])
  const says = run.steps.find((s) => s.stepId === 'switch-pooler')?.sentence ?? ''
  for (const { front } of labPoolers)
    expect(says).toMatch(new RegExp(`A write through PgBouncer at ${front}:\\d+ reached the new writer`))
  for (const client of clients) expect(await atWriter(client)).toBe(true)
  expect(run.steps.find((s) => s.stepId === 'left-sessions')).toMatchObject({
    state: 'already-so',
    sentence: expect.stringMatching(/^No application session is on /),
  })
  expect(held.at(-1)).toBe(true)
})

test('one of the two is dead: the other is held and switched, and the dead one is owed', patience, async () => {
  const { lab } = scene.lab
  await lab.startFault('pooler-dead', 'pgbouncer-2', {})
  await expect
    .poll(() => scene.snapshot()?.diagnosis.headline, { timeout: 30_000 })
    .toBe('PgBouncer pgbouncer-2 is down.')
  const from = lab.context.log.list().length
  const id = await scene.startFailover({ target: reader() })
  await scene.reaches(id, ['waiting'])
  await scene.approveOpen(id, await scene.as('approver'))
  const run = await scene.reaches(id, ['done', 'needs-person'], 90_000)
  expect(run.state, run.sentence).toBe('done')
  expect(told('pgbouncer-1', from)).toEqual(['PAUSE', 'RECONNECT', 'RESUME'])
  const owed = async () =>
    (procedureBySlug('primary-failover')?.obligations((await readRun(scene.store, id)).facts) ?? []).map((o) => [
      o.id,
      o.state,
    ])
  expect(await owed()).toContainEqual(['pooler-return-pgbouncer-2', 'open'])
  expect((await owed()).some(([o]) => o === 'pooler-return-pgbouncer-1')).toBe(false)
  // Clients of the service go past the dead one: the application is back.
  expect(run.facts.restoredAt).toBeGreaterThan(0)
  await lab.heal('pooler-dead')
  await expect.poll(owed, { timeout: 20_000 }).toContainEqual(['pooler-return-pgbouncer-2', 'met'])
})

test('sessions left at the old writer are listed, and ended when a second person approves', patience, async () => {
  const { cluster } = scene.lab.lab.context
  const old = cluster.node(cluster.writerId())
  const target = reader()
  const left: Client[] = []
  disturb = {
    stepId: 'left-sessions',
    strike: async () => {
      if (!old) throw new Error('no writer')
      left.push(await session(old.address, 'nightly-report'), await session(old.address, ''))
      // One that comes and goes is not one that remains.
      await left[0]?.query('SELECT pg_sleep(2.1)')
    },
  }
  const id = await scene.startFailover({ target })
  await scene.reaches(id, ['waiting'])
  await scene.approveOpen(id, await scene.as('approver'))
  const asking = async () => {
    const run = await readRun(scene.store, id)
    return run.currentStepId === 'left-sessions' && run.state === 'waiting' ? run : null
  }
  await expect.poll(asking, { timeout: 90_000 }).not.toBeNull()
  const asked = (await readRun(scene.store, id)).approvals.findLast((a) => a.state === 'open')
  expect(asked?.title).toBe(`End 2 application sessions on ${old?.id}`)
  expect(asked?.shown.facts).toContainEqual({
    label: old?.id,
    value: expect.stringMatching(/^castmatch_app, nightly-report, from 127\.\S+, since \S+ \S+, pid \d+$/),
  })
  expect(asked?.shown.commands).toMatchObject([
    { stepId: 'left-sessions', cli: expect.stringContaining('pg_terminate_backend') },
  ])
  // A third one is nobody's to end before people have seen it.
  if (old) left.push(await session(old.address, 'late'))
  const renewed = async () => (await readRun(scene.store, id)).approvals.findLast((a) => a.state === 'open')?.title
  await expect.poll(renewed, { timeout: 20_000 }).toBe(`End 3 application sessions on ${old?.id}`)
  const ended = left.map((client) => new Promise((done) => client.once('end', done)))
  await scene.approveOpen(id, await scene.as('approver'))
  const run = await scene.reaches(id, ['done', 'needs-person'], 60_000)
  expect(run.state, run.sentence).toBe('done')
  await Promise.all(ended)
  expect(run.steps.find((s) => s.stepId === 'left-sessions')).toMatchObject({ state: 'confirmed' })
})
