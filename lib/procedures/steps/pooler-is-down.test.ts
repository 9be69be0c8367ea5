// PgBouncer is gone when the failover starts, dies while it holds the traffic, or comes back in the middle of the run and has
// forgotten that it was paused. One that is certainly down holds nothing up; one that is silent may still pass traffic.
import { beforeEach, describe, expect, test } from 'vitest'
import type { PoolerAddress } from '../../domain/procedure/call'
import type { Pooler } from '../../ports/pooler'
import { PortError } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'
import type { World } from '../contract'
import { asStored } from '../facts'
import { primaryFailover } from '../primary-failover'
import type { FailoverFacts } from '../primary-failover/facts'
import { failOver } from '../primary-failover/fail-over'
import { newAddress } from '../primary-failover/way'
import { failingOver, learn } from '../testing/failing-over'
import { everything } from '../testing/surroundings'
import { holdTraffic, switchPooler } from './hold-traffic'
import { lookAtReturn } from './pooler'
import { switchWorkload } from './switch-workloads'

type State = 'down' | 'silent' | 'paused' | 'passing'
let state: State
let routesTo: string
let heard: string[]

const socketError = (code: string) =>
  fromSocketError(Object.assign(new Error(code), { code, syscall: 'connect' }), 'PgBouncer at p:6432')
const silence = new PortError('timeout', 'PgBouncer at p:6432 did not respond within 3000 ms.', {
  outcome: 'rejected',
  probe: 'timeout',
})
const asked = <T>(answer: T) => {
  if (state === 'down') throw socketError('ECONNREFUSED')
  if (state === 'silent') throw silence
  return answer
}
const pooler = {
  name: 'p',
  address: { host: 'p', port: 6432 },
  pools: async () =>
    asked({ paused: state === 'paused', clientsWaiting: 6, clientsActive: 1, serversActive: 0, maxWaitSeconds: 0 }),
  servers: async () => asked([]),
  target: async () => asked({ host: routesTo, port: 5432 }),
} as unknown as Pooler

const position = (host: string) => ({
  standby: false,
  timeline: host === 'old' ? 1 : 2,
  receiver: null,
  replayPaused: false,
  beat: { seq: 1 },
})
const world = {
  environment: everything,
  pace: 1,
  poolers: [pooler],
  resolve: async (host: string) => [host],
  askThrough: async () => ({ seq: 1 }),
  now: () => 1_000,
  snapshot: () => null,
  acknowledgedNumbers: async () => null,
  ask: async ({ host }: { host: string }) => {
    heard.push(host)
    return position(host)
  },
} as unknown as World

let ctx: ReturnType<typeof failingOver>
const learning = <T extends { facts?: FailoverFacts | undefined }>(look: Promise<T> | undefined) => learn(ctx, look)
const hold = holdTraffic(everything)
const resume = switchPooler(everything, { newAddress })
const owed = () => primaryFailover.obligations(asStored(ctx.facts))

beforeEach(() => {
  state = 'down'
  routesTo = 'endpoint'
  heard = []
  ctx = failingOver()
})

const down = 'PgBouncer at p:6432 is down. It passes no traffic.'

describe('a pooler that is down before the failover', () => {
  test('holds no step up, and the run owes that it routes to the new writer', async () => {
    expect(await learning(hold.observe?.(world, ctx))).toMatchObject({ state: 'done', says: down })
    expect(await learning(hold.verify(world, ctx, 0))).toMatchObject({ state: 'proved', says: down })
    expect(await failOver.guard?.(world, ctx)).toBeNull()
    // Nothing can be owed to a writer that does not exist yet.
    expect(owed()).toEqual([])
    ctx.facts.promotedAt = 1
    expect(await learning(resume.observe?.(world, ctx))).toMatchObject({ state: 'done', says: down })
    expect(await learning(resume.verify(world, ctx, 0))).toMatchObject({ state: 'proved' })
    expect(owed()).toMatchObject([
      { id: 'pooler-return-p', title: 'PgBouncer at p:6432 must route to new when it returns', state: 'open' },
    ])
  })

  test('and back before traffic is resumed is reconnected, and nothing is owed any more', async () => {
    await learning(hold.observe?.(world, ctx))
    ctx.facts.promotedAt = 1
    state = 'passing'
    expect(await learning(resume.observe?.(world, ctx))).toMatchObject({ state: 'not-started' })
    expect(resume.call?.(ctx, everything)).toMatchObject({
      commands: [{ command: 'RECONNECT' }, { command: 'RESUME' }],
    })
    expect(await learning(resume.verify(world, ctx, 0))).toMatchObject({ state: 'proved' })
    expect(owed()).toMatchObject([{ id: 'pooler-return-p', state: 'met' }])
  })

  test('and back between two looks is not taken for held', async () => {
    await learning(hold.observe?.(world, ctx))
    state = 'passing'
    expect(await hold.verify(world, ctx, 0)).toMatchObject({ state: 'failed' })
  })
})

describe('right before the failover', () => {
  const again = () => failOver.guard?.(world, ctx)

  test.each(['held', 'down'] as const)('a pooler that was %s and passes traffic is held again', async (pooler) => {
    ctx.facts.poolers = { p: pooler }
    state = 'passing'
    expect(await again()).toMatchObject({ stepId: 'hold-traffic' })
    state = 'paused'
    expect(await again()).toBeNull()
    state = 'down'
    expect(await again()).toBeNull()
  })

  test('one that died and is silent now is not taken for down', async () => {
    ctx.facts.poolers = { p: 'down' }
    state = 'silent'
    expect(await again()).toMatchObject({ stepId: 'hold-traffic' })
    ctx.facts.poolers = { p: 'held' }
    expect(await again()).toBeNull()
  })

  test('nobody looks at a pooler that people decided not to hold', async () => {
    state = 'passing'
    expect(await again()).toBeNull()
  })
})

test('a pooler that holds again is in the hands of the run, which owes nothing of it', async () => {
  await learning(hold.observe?.(world, ctx))
  state = 'paused'
  await learning(hold.verify(world, ctx, 0))
  expect(ctx.facts).toMatchObject({ poolers: { p: 'held' }, obligations: [] })
})

test('one that does not respond in time may still pass traffic: every look says so', async () => {
  state = 'silent'
  await expect(hold.observe?.(world, ctx)).rejects.toThrow(silence.message)
  await expect(hold.verify(world, ctx, 0)).rejects.toThrow(silence.message)
  // It is told to RESUME with the others, and the proof waits for it.
  expect(await resume.observe?.(world, ctx)).toMatchObject({ state: 'not-started', says: silence.message })
  expect(await resume.verify(world, ctx, 0)).toMatchObject({ state: 'not-yet', says: silence.message })
})

describe('pods, while the pooler is down', () => {
  const switchApi = switchWorkload(everything, 'api', { newAddress })
  const unready = (host: string) => {
    const containers = [{ name: 'api', init: false, env: { DATABASE_HOST: host }, references: {}, sources: [] }]
    const read = async () => ({
      containers,
      running: [{ name: 'api-1', containers }],
      paused: false,
      annotations: {},
      replicas: 2,
      ready: 0,
      rollout: 'complete',
      rolloutDetail: '',
      progressDeadlineSeconds: 60,
    })
    return { ...world, workloads: { read, owners: async () => ({ keeper: null }) } } as unknown as World
  }

  beforeEach(() => {
    ctx.inputs = { ...ctx.inputs, connectionMode: 'pgbouncer' }
    ctx.facts.poolers = { p: 'down' }
    const containers = [{ container: 'api', init: false, by: 'value' as const, host: 'old' }]
    ctx.facts.workloads = [{ deployment: 'api', containers, replicas: 2 }]
  })

  test('that connect through it are left there, and nobody waits for them', async () => {
    const behind = unready('p:6432')
    expect(await switchApi.observe?.(behind, ctx)).toMatchObject({ state: 'done' })
    expect(await switchApi.verify(behind, ctx, 0)).toMatchObject({
      state: 'proved',
      says: expect.stringContaining(down),
    })
    // Up again it is waited for as ever, and silent it is not taken for down.
    state = 'passing'
    expect(await switchApi.verify(behind, ctx, 0)).toMatchObject({ state: 'not-yet' })
    state = 'silent'
    await expect(switchApi.verify(behind, ctx, 0)).rejects.toThrow(silence.message)
  })

  test('are not led to it', async () => {
    expect(await switchApi.observe?.(unready('endpoint'), ctx)).toMatchObject({ state: 'done' })
    expect(await switchApi.observe?.(unready('old'), ctx)).toMatchObject({ state: 'not-started' })
    expect(switchApi.call?.(ctx, everything)).toMatchObject({
      patch: { containers: [{ name: 'api', env: { DATABASE_HOST: 'endpoint' } }] },
    })
    ctx.facts.poolers = { p: 'released' }
    expect(switchApi.call?.(ctx, everything)).toMatchObject({
      patch: { containers: [{ name: 'api', env: { DATABASE_HOST: 'p:6432' } }] },
    })
  })
})

describe('a pooler that returns', () => {
  const seen = () => lookAtReturn(world, ctx, everything.poolers[0] as PoolerAddress)

  test('is proved by where it routes, and by what answers there', async () => {
    expect(await seen()).toEqual({ back: false, says: down })
    state = 'paused'
    expect(await seen()).toMatchObject({ back: false, says: expect.stringContaining('RESUME') })
    state = 'passing'
    expect(await seen()).toMatchObject({ back: true })
    expect(heard).toContain('endpoint')
    routesTo = 'alias-of-the-new-writer'
    expect(await seen()).toMatchObject({ back: true })
  })

  test('and routes to the old writer is said to do so', async () => {
    state = 'passing'
    routesTo = 'old'
    expect(await seen()).toMatchObject({ back: false, says: expect.stringContaining('the old writer') })
  })
})
