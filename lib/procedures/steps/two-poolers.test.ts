// Two poolers, each with a fate of its own. Traffic is held when no pooler passes any, and flows when every pooler leads to the new
// writer, by its servers and by a write; what goes wrong at one keeps nothing from the other.
import { beforeEach, describe, expect, test } from 'vitest'
import type { Pooler } from '../../ports/pooler'
import { PortError } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'
import type { Surroundings, World } from '../contract'
import { commonChecks } from '../preflight'
import type { FailoverFacts } from '../primary-failover/facts'
import { newAddress } from '../primary-failover/way'
import { failingOver, learn } from '../testing/failing-over'
import { everything } from '../testing/surroundings'
import { holdAgain, holdTraffic, switchPooler } from './hold-traffic'

type State = 'down' | 'silent' | 'paused' | 'passing'
const names = ['a', 'b'] as const
type Name = (typeof names)[number]
let state: Record<Name, State>
let servers: Record<Name, string[]>
let routes: Record<Name, string>
let instances: Record<Name, number>
let write: Record<Name, 'arrives' | 'is lost' | 'refused' | 'read-only'>

const failure = (errorClass: 'timeout' | 'auth' | 'state', message: string) =>
  new PortError(errorClass, message, { outcome: 'rejected', probe: 'other' })
const asked = <T>(name: Name, answer: T): T => {
  if (state[name] === 'down')
    throw fromSocketError(
      Object.assign(new Error('x'), { code: 'ECONNREFUSED', syscall: 'connect' }),
      `PgBouncer ${name}`,
    )
  if (state[name] === 'silent') throw failure('timeout', `PgBouncer ${name} is silent.`)
  return answer
}
const pooler = (name: Name) =>
  ({
    name,
    address: { host: name, port: 6432 },
    pools: async () =>
      asked(name, {
        paused: state[name] === 'paused',
        clientsWaiting: 3,
        clientsActive: 1,
        serversActive: 0,
        maxWaitSeconds: 0,
      }),
    servers: async () =>
      asked(
        name,
        servers[name].map((address) => ({ address, port: 5432, state: 'idle' })),
      ),
    target: async () => asked(name, { host: routes[name], port: 5432 }),
    instances: async () => asked(name, instances[name]),
  }) as unknown as Pooler
const environment: Surroundings = {
  ...everything,
  poolers: names.map((name) => ({ name, host: name, port: 6432, database: 'd', user: 'u' })),
}
const beats: Record<string, number> = { arrives: 7, 'is lost': 8 }
const world = {
  environment,
  pace: 1,
  poolers: names.map(pooler),
  now: () => 1_000,
  snapshot: () => null,
  acknowledgedNumbers: async () => null,
  resolve: async (host: string) => [host],
  askThrough: async ({ name }: { name: Name }) => {
    if (write[name] === 'refused') throw failure('auth', 'No such role.')
    if (write[name] === 'read-only') throw failure('state', 'The database is read-only.')
    return { seq: beats[write[name]] }
  },
  ask: async () => ({ standby: false, beat: { seq: 7 } }),
} as unknown as World

let ctx: ReturnType<typeof failingOver>
const learning = <T extends { facts?: FailoverFacts | undefined }>(look: Promise<T> | undefined) => learn(ctx, look)
const hold = holdTraffic(environment)
const resume = switchPooler(environment, { newAddress })
const toldBy = (step: Pick<typeof resume, 'call'>) => {
  const call = step.call?.(ctx, environment)
  return call?.kind === 'pooler' ? call.poolers.map(({ name }) => name) : []
}

beforeEach(() => {
  state = { a: 'passing', b: 'passing' }
  servers = { a: [], b: [] }
  routes = { a: 'endpoint', b: 'endpoint' }
  instances = { a: 1, b: 1 }
  write = { a: 'arrives', b: 'arrives' }
  ctx = failingOver()
})

describe('traffic is held', () => {
  test.each<[State, State, string, string]>([
    ['passing', 'passing', 'not-started', 'not-yet'],
    ['paused', 'passing', 'not-started', 'not-yet'],
    ['paused', 'paused', 'done', 'proved'],
    ['paused', 'down', 'done', 'proved'],
    ['down', 'down', 'done', 'proved'],
  ])('%s and %s: %s, %s', async (a, b, observed, verified) => {
    state = { a, b }
    expect(await learning(hold.observe?.(world, ctx))).toMatchObject({ state: observed })
    expect(await hold.verify(world, ctx, 0)).toMatchObject({ state: verified })
  })

  test('for no run while one is silent', async () => {
    state = { a: 'paused', b: 'silent' }
    await expect(hold.observe?.(world, ctx)).rejects.toThrow('PgBouncer b is silent.')
    await expect(hold.verify(world, ctx, 0)).rejects.toThrow('PgBouncer b is silent.')
  })

  test('by a command to those that are up, and by one to a pooler that has come back', async () => {
    state = { a: 'passing', b: 'down' }
    await learning(hold.observe?.(world, ctx))
    expect(toldBy(hold)).toEqual(['a'])
    expect(ctx.facts).toMatchObject({ poolers: { b: 'down' }, obligations: [{ id: 'pooler-return-b' }] })
    state.b = 'passing'
    await learning(hold.observe?.(world, ctx))
    expect(toldBy(hold)).toEqual(['a', 'b'])
  })

  test('again when one of them was restarted right before the failover', async () => {
    ctx.facts.poolers = { a: 'held', b: 'held' }
    state = { a: 'paused', b: 'passing' }
    expect(await holdAgain(world, ctx)).toMatchObject({
      stepId: 'hold-traffic',
      because: expect.stringContaining('b:6432'),
    })
    state.b = 'down'
    expect(await holdAgain(world, ctx)).toBeNull()
  })
})

describe('after the switch', () => {
  const settled = async () => {
    ctx.facts.poolers = { a: 'released', b: 'released' }
    return await learning(resume.verify(world, ctx, 0))
  }

  test('both are told, also when one of them is silent', async () => {
    state = { a: 'paused', b: 'silent' }
    expect(await learning(resume.observe?.(world, ctx))).toMatchObject({ state: 'not-started' })
    expect(await resume.guard?.(world, ctx)).toBeNull()
    expect(toldBy(resume)).toEqual(['a', 'b'])
  })

  test('each lets its clients through, its servers lead to the new writer, and a write arrives there', async () => {
    servers = { a: ['new'], b: [] }
    const seen = await settled()
    expect(seen).toMatchObject({ state: 'proved' })
    for (const name of names)
      expect(seen.says).toContain(`A write through PgBouncer at ${name}:6432 reached the new writer.`)
    expect(ctx.facts.resumedAt).toBe(1_000)
  })

  test('servers at the old writer are no flowing traffic, and a retry drops them', async () => {
    servers.b = ['new', 'old']
    expect(await settled()).toMatchObject({
      state: 'not-yet',
      says: expect.stringContaining('PgBouncer at b:6432 still has servers at old (old:5432).'),
    })
    expect(ctx.facts.resumedAt).toBeUndefined()
    expect(await resume.observe?.(world, ctx)).toMatchObject({ state: 'not-started' })
    servers.b = ['new']
    expect(await resume.observe?.(world, ctx)).toMatchObject({ state: 'done' })
  })

  test.each([
    ['is lost', 'was acknowledged and is not at the new writer'],
    ['read-only', 'failed: The database is read-only.'],
  ] as const)('a write that %s is no proof', async (how, says) => {
    write.b = how
    expect(await settled()).toMatchObject({ state: 'not-yet', says: expect.stringContaining(says) })
  })

  test('a pooler that does not let our role in leaves an open item, and keeps nobody waiting', async () => {
    write.b = 'refused'
    expect(await settled()).toMatchObject({ state: 'proved' })
    expect(ctx.facts.obligations).toMatchObject([{ id: 'pooler-write-b', state: 'open' }])
  })

  test('one that leads to the old writer after a promotion stays held, and the other is let through', async () => {
    ctx.facts.topology = 'instance'
    state = { a: 'paused', b: 'paused' }
    routes.b = 'old'
    expect(await learning(resume.observe?.(world, ctx))).toMatchObject({ state: 'not-started' })
    expect(toldBy(resume)).toEqual(['a'])
    state.a = 'passing'
    expect(await learning(resume.verify(world, ctx, 0))).toMatchObject({ state: 'proved' })
    expect(ctx.facts.obligations).toMatchObject([{ id: 'pooler-host-b', state: 'open' }])
  })
})

describe('the prerequisite', () => {
  const check = async () => {
    const needs = { scenarios: [], estimateSeconds: 1, operations: () => [], overrideReason: '' }
    const checked = { ...world, fleet: {}, house: {}, workloads: null } as unknown as World
    const unasked = new Proxy({}, { get: () => () => Promise.reject(failure('state', 'Not asked here.')) })
    const checks = await commonChecks({ ...checked, fleet: unasked, house: unasked } as unknown as World, ctx, needs)
    return checks.find(({ id }) => id === 'PF8')
  }

  test('passes with both, and says which is not as it should be', async () => {
    expect(await check()).toMatchObject({ result: 'pass' })
    state.b = 'down'
    expect(await check()).toMatchObject({ result: 'warn', message: expect.stringContaining('b:6432 is down') })
    state.b = 'passing'
    write.a = 'refused'
    expect(await check()).toMatchObject({
      result: 'warn',
      message: expect.stringContaining('a:6432 does not let the role u in'),
    })
  })

  test('blocks at an address that hides several, with what to configure', async () => {
    instances.b = 2
    state.a = 'down'
    expect(await check()).toMatchObject({
      result: 'block',
      message:
        'Several PgBouncer processes answer at b:6432. A PAUSE reaches only one of them. Enter each under poolers with an address of its own.',
    })
  })
})
