/*
 * A call is answered, and the runner's lease lapses before the outcome is written: by a slow process, a slow link to the
 * store, or a takeover at that moment. Whoever has the lease next continues from the outcome that stands in the journal;
 * the effect happens once, and the run ends.
 */
import net from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RunStep } from '../domain/run/run'
import { readRun } from '../store/run'
import { databasePerTest } from '../store/testing/database'
import { type Bench, bench, Switch, switchProcedure } from './testing/one-effect'

const database = databasePerTest()
let world: Switch
let b: Bench
beforeEach(() => {
  world = new Switch()
  b = bench(database(), world, switchProcedure(world, 'SAFE'))
})
afterEach(async () => {
  await b.end()
})

/**
 * A lease that lapses only when the test says so. The usual short one also lapses by itself on a busy machine, between an intent
 * and its call: then nothing was sent, and the next turn rightly intends it a second time.
 */
const ttlMs = 30_000
const lapse = () => database().owner.pool.query("UPDATE lease SET expires_at = clock_timestamp() - interval '1 ms'")

test.each<[Switch['next'], RunStep['state'], number]>([
  ['works', 'confirmed', 1],
  ['reply-lost', 'confirmed', 1],
  ['refused', 'failed', 0],
  ['lost', 'failed', 0],
])('an answer of kind "%s" is written under a lapsed lease: the step ends %s', async (next, state, thrown) => {
  world.next = next
  let answers = 0
  b.runner({
    ttlMs,
    send: async (...call) => {
      try {
        return await world.throwIt(...call)
      } finally {
        if (answers++ === 0) await lapse()
      }
    },
  })
  const id = await b.start()
  const run = await b.reaches(id, ['done', 'needs-person'])
  expect(run.steps[0]?.state).toBe(state)
  expect([world.thrown, run.effects.length]).toEqual([thrown, 1])
})

test('a call postponed by throttling under a lapsed lease is sent again by itself', async () => {
  world.throttledCalls = 1
  let answers = 0
  b.runner({
    ttlMs,
    pace: 0.05,
    send: async (...call) => {
      try {
        return await world.throwIt(...call)
      } finally {
        if (answers++ === 0) await lapse()
      }
    },
  })
  const run = await b.reaches(await b.start(), ['done', 'needs-person'])
  expect(run.state).toBe('done')
  expect(run.effects.map((e) => e.outcome)).toEqual(['rejected', 'accepted'])
})

test('a process that stands still for longer than its lease right after the answer', async () => {
  b.runner({
    ttlMs: 1000,
    everyMs: 300,
    send: async (...call) => {
      const reply = await world.throwIt(...call)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_300)
      return reply
    },
  })
  const run = await b.reaches(await b.start(), ['done', 'needs-person'])
  expect([run.state, world.thrown]).toEqual(['done', 1])
})

test('a machine that was suspended between intent and call, and whose clocks both stood still, sends nothing', async () => {
  const still = { monotonicMs: () => 0, wallMs: () => 0 }
  let suspended = true
  b.runner({
    clock: still,
    name: 'zombie',
    afterIntent: async () => {
      if (!suspended) return
      suspended = false
      await database().owner.pool.query(
        `UPDATE lease SET holder = 'other', epoch = epoch + 1, expires_at = clock_timestamp() + interval '20 s'`,
      )
    },
    send: async () => {
      throw new Error('a zombie sent something')
    },
  })
  const id = await b.start()
  await expect.poll(() => suspended).toBe(false)
  b.runner({ name: 'other' })
  const run = await b.reaches(id, ['done', 'needs-person'])
  expect([run.state, world.thrown], run.sentence).toEqual(['done', 1])
  expect(run.effects.map((e) => [e.runner, e.outcome])).toEqual([
    ['zombie', 'unknown'],
    ['other', 'accepted'],
  ])
})

/** A link to the store whose packets can be held back, none lost. */
async function slowLink(url: string) {
  const target = new URL(url)
  const held: { to: net.Socket; data: Buffer }[] = []
  const sockets = new Set<net.Socket>()
  let stalled = false
  const server = net.createServer((client) => {
    const up = net.connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [client, up],
      [up, client],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => {})
      from.on('data', (data) => {
        if (stalled) held.push({ to, data })
        else to.write(data)
      })
      from.on('close', () => to.end())
    }
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const via = new URL(url)
  via.host = `127.0.0.1:${(server.address() as net.AddressInfo).port}`
  return {
    url: via.href,
    stall(ms: number) {
      stalled = true
      setTimeout(() => {
        stalled = false
        for (const { to, data } of held.splice(0)) to.write(data)
      }, ms)
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((done) => server.close(done))
    },
  }
}

test.each([
  ['one runner', 900],
  ['one runner', 1_300],
  ['two runners', 900],
  ['two runners', 1_050],
  ['two runners', 1_300],
])('%s, and the link to the store stalls for %i ms right after the answer', async (who, ms) => {
  const link = await slowLink(database().runnerUrl)
  const slow = bench({ ...database(), runnerUrl: link.url }, world, switchProcedure(world, 'SAFE'))
  try {
    const id = await b.start()
    // This lease does lapse by itself: what must not follow an answer is another intent.
    let intents = 0
    slow.runner({
      ttlMs: 1000,
      everyMs: 300,
      name: 'slow',
      send: async (...call) => {
        const reply = await world.throwIt(...call)
        intents = (await readRun(database().runner, id)).effects.length
        if (who === 'two runners') b.runner({ ttlMs: 1000, everyMs: 300, name: 'other' })
        link.stall(ms)
        return reply
      },
    })
    const run = await b.reaches(id, ['done', 'needs-person'])
    expect([run.state, world.thrown, run.effects.length]).toEqual(['done', 1, intents])
    expect((await readRun(database().runner, id)).effects.at(-1)?.outcome).not.toBeNull()
  } finally {
    await slow.end()
    await link.close()
  }
})
