// The database is promoted in the other region. Poolers there reconnect to it; those of the region that is away, or that are configured
// for its writer, stay open and are monitored. None of them holds up the others.
import { beforeEach, expect, test } from 'vitest'
import type { Pooler } from '../../ports/pooler'
import { PortError } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'
import type { StepContext, Surroundings, World } from '../contract'
import type { ObligationFacts, PoolerFacts, RecoveryFacts, WriterFacts } from '../facts'
import { everything } from '../testing/surroundings'
import { leadPoolers } from './lead-poolers'
import { watchPoolers } from './watch-poolers'

const names = ['home', 'there'] as const
type Name = (typeof names)[number]
let state: Record<Name, 'down' | 'silent' | 'paused' | 'passing'>
let routes: Record<Name, string>
let servers: Record<Name, string[]>
let arrives: boolean
beforeEach(() => {
  state = { home: 'silent', there: 'passing' }
  routes = { home: 'old', there: 'new' }
  servers = { home: [], there: ['new'] }
  arrives = true
})

const silent = (what: string) =>
  new PortError('timeout', `${what} did not respond in time.`, { outcome: 'rejected', probe: 'timeout' })
const asked = async <T>(name: Name, answer: T): Promise<T> => {
  const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED', syscall: 'connect' })
  if (state[name] === 'down') throw fromSocketError(refused, `PgBouncer ${name}`)
  if (state[name] === 'silent') throw silent(`PgBouncer ${name}`)
  return answer
}
const pooler = (name: Name) =>
  ({
    name,
    pools: () =>
      asked(name, {
        paused: state[name] === 'paused',
        pausedAll: false,
        clientsWaiting: 0,
        clientsActive: 1,
        serversActive: 0,
        maxWaitSeconds: 0,
      }),
    servers: () =>
      asked(
        name,
        servers[name].map((address) => ({ address, port: 5432, state: 'idle' })),
      ),
    target: () => asked(name, { host: routes[name], port: 5432 }),
  }) as unknown as Pooler
const environment: Surroundings = {
  ...everything,
  poolers: names.map((name) => ({ name, host: name, port: 6432, database: 'd', user: 'u' })),
}
const world = {
  environment,
  poolers: names.map(pooler),
  now: () => 1_000,
  snapshot: () => null,
  resolve: async (host: string) => [host],
  askThrough: async () => ({ seq: arrives ? 7 : 9 }),
  ask: async ({ host }: { host: string }) => {
    if (host === 'old') throw silent('old')
    return { standby: false, timeline: 2, beat: { seq: 7 } }
  },
} as unknown as World

type Led = WriterFacts & PoolerFacts & ObligationFacts & RecoveryFacts
const node = (id: string) => ({
  ...{ id, host: id, port: 5432, zone: 'z', instanceClass: 'c', timeline: 1, lsn: null, multiAz: false },
  securityGroupIds: [],
})
function run() {
  const facts: Led = {
    writerBefore: node('old'),
    target: node('new'),
    endpoint: { host: 'new', port: 5432 },
    promotedAt: 1,
  }
  const ctx: StepContext<unknown, Led> = { runId: 'r', mode: 'real', inputs: {}, facts, startedAt: 0 }
  const learn = <T extends { facts?: Led | undefined }>(look: T | undefined): T => {
    if (!look) throw new Error('the step looks')
    ctx.facts = { ...ctx.facts, ...look.facts }
    return look
  }
  return {
    ctx,
    observe: async () => learn(await leadPoolers.observe?.(world, ctx)),
    verify: async () => learn(await leadPoolers.verify(world, ctx, 0)),
    told: () => {
      const call = leadPoolers.call?.(ctx, environment)
      return call?.kind === 'pooler' ? call.poolers.map(({ name }) => name) : []
    },
    open: () => (ctx.facts.obligations ?? []).flatMap(({ id, state: one }) => (one === 'open' ? [id] : [])),
  }
}

test('one that has connections to the old writer reconnects, and one that is away stays open', async () => {
  servers.there = ['old', 'new']
  const flow = run()
  expect((await flow.observe()).state).toBe('not-started')
  expect(flow.told()).toEqual(['there'])
  servers.there = ['new']
  expect(await flow.verify()).toMatchObject({
    state: 'proved',
    says: expect.stringContaining('reached the new writer'),
  })
  expect(flow.open()).toEqual(['pooler-return-home'])
})

test.each(['down', 'silent', 'paused'] as const)(
  'one that is %s is told nothing, and holds nothing up',
  async (how) => {
    state.home = how
    const flow = run()
    expect((await flow.observe()).state).toBe('done')
    expect((await flow.verify()).state).toBe('proved')
    expect(flow.open()).toEqual(['pooler-return-home'])
    expect(flow.told()).toEqual(['there'])
  },
)

test('one that is configured for the old writer is named, also while that responds', async () => {
  state.home = 'passing'
  const flow = run()
  expect((await flow.observe()).says).toContain('routes to old:5432, the old writer')
  expect(flow.told()).toEqual(['there'])
  expect((await flow.verify()).state).toBe('proved')
  expect(flow.open()).toEqual(['pooler-return-home'])
})

test('a write that does not arrive is no proof', async () => {
  arrives = false
  const flow = run()
  await flow.observe()
  expect((await flow.verify()).state).toBe('not-yet')
})

test('without any pooler in reach nothing is sent', async () => {
  state.there = 'down'
  const flow = run()
  expect((await flow.observe()).state).toBe('done')
  expect(flow.told()).toEqual([])
  expect(flow.open().sort()).toEqual(['pooler-return-home', 'pooler-return-there'])
})

test('one that returns and is configured for the promoted database is no longer owed for', async () => {
  const flow = run()
  await flow.observe()
  await flow.verify()
  const watched = async () => (await watchPoolers('s').look(world, { ...flow.ctx, refused: null })).news(flow.ctx.facts)
  expect(await watched()).toMatchObject({ facts: { obligations: [{ state: 'open' }] } })
  state.home = 'passing'
  routes.home = 'new'
  expect(await watched()).toMatchObject({ facts: { obligations: [{ id: 'pooler-return-home', state: 'met' }] } })
})
