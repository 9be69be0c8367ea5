// Scenario 28: PAUSE waits for a server that will never let go of its clients; it is given its limit, then the pool is cut. And a
// runner that dies before RESUME leaves the clients held: whoever takes the run up sees that, and lets them through.
import { expect, test } from 'vitest'
import type { PoolerCall } from '../domain/procedure/call'
import type { Pooler } from '../ports/pooler'
import type { StepContext, Surroundings, World } from '../procedures/contract'
import type { FailoverInputs } from '../procedures/primary-failover/inputs'
import { holdTraffic, pauseWithin, switchPooler } from '../procedures/steps/hold-traffic'
import { sendBy } from './effects'

const environment = {
  poolers: [{ name: 'p', host: 'p', port: 6432, user: 'console', database: 'castmatch' }],
  database: { user: 'warroom' },
} as unknown as Surroundings
const turn = { holds: () => true }

function pooler(hangs: boolean) {
  const heard: string[] = []
  let paused = false
  const port = {
    name: 'p',
    address: { host: 'p', port: 6432 },
    pause: async (_database: string, limitMs: number) => {
      heard.push(`PAUSE within ${limitMs} ms`)
      paused = true
      return hangs ? 'timed-out' : 'paused'
    },
    kill: async () => void heard.push('KILL'),
    reconnect: async () => void heard.push('RECONNECT'),
    resume: async () => {
      heard.push('RESUME')
      paused = false
    },
    pools: async () => ({ paused, clientsWaiting: 6, clientsActive: 0, serversActive: 0, maxWaitSeconds: 0 }),
    servers: async () => [],
    target: async () => ({ host: 'endpoint', port: 5432 }),
  } as unknown as Pooler
  return { port, heard }
}
const fleet = { execute: () => Promise.reject(new Error('not asked')) }
const send = (port: Pooler) => sendBy({ poolers: [port], workloads: null, control: null, fleet }, turn)
const pause: PoolerCall = { kind: 'pooler', poolers: environment.poolers, commands: [pauseWithin(20_000)] }
const signal = AbortSignal.timeout(5_000)

test('a PAUSE that hangs is given twenty seconds, then the pool is killed, which holds new clients too', async () => {
  const { port, heard } = pooler(true)
  expect(await send(port)(pause, signal)).toEqual({
    done: 'PAUSE timed out, KILL',
  })
  expect(heard).toEqual(['PAUSE within 20000 ms', 'KILL'])
})

test('work on a writer that is confirmed down ends by nobody’s waiting: it is given a second', () => {
  const limit = (verdict: string) => {
    const ctx = { inputs: {}, facts: { verdict } } as unknown as StepContext<FailoverInputs>
    return holdTraffic(environment).call?.(ctx, environment)
  }
  expect(limit('down')).toMatchObject({ commands: [{ command: 'PAUSE', limitMs: 1_000, atLimit: 'KILL' }] })
  expect(limit('healthy')).toMatchObject({ commands: [{ limitMs: 20_000 }] })
  expect(limit('failing-over')).toMatchObject({ commands: [{ limitMs: 20_000 }] })
})

test('one that ends in time kills nobody', async () => {
  const { port, heard } = pooler(false)
  await send(port)(pause, signal)
  expect(heard).toEqual(['PAUSE within 20000 ms'])
})

test('clients that are still held when a run is taken up are let through, and held ones are not held again', async () => {
  const { port, heard } = pooler(false)
  const world = {
    environment,
    poolers: [port],
    now: () => 0,
    snapshot: () => null,
    acknowledgedNumbers: async () => null,
    resolve: async (host: string) => [host],
    askThrough: async () => ({ seq: 1 }),
    ask: async () => ({ beat: { seq: 1 } }),
  } as unknown as World
  const facts = {
    topology: 'hybrid',
    writerBefore: { id: 'w', host: 'w', port: 5432 },
    target: { id: 'r', host: 'r', port: 5432 },
  }
  const ctx = { inputs: {}, facts } as unknown as StepContext<FailoverInputs>
  await send(port)(pause, signal)
  expect(await holdTraffic(environment).observe?.(world, ctx)).toMatchObject({ state: 'done' })
  const resume = switchPooler(environment, { newAddress: () => false })
  expect(await resume.observe?.(world, ctx)).toMatchObject({ state: 'not-started' })
  const call = resume.call?.(ctx, environment)
  if (!call) throw new Error('nothing to send')
  await send(port)(call, signal)
  expect(heard.slice(1)).toEqual(['RECONNECT', 'RESUME'])
  expect(await resume.verify(world, ctx, 0)).toMatchObject({ state: 'proved' })
})
