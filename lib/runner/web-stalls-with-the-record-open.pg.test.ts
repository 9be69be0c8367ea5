/*
 * A transaction of a web stalls while it holds the head of the record, for which every writer waits. The runner keeps its
 * lease, no other takes it, and an outcome that was accepted is recorded as accepted when the record is free again.
 */
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRun } from '../store/run'
import { databasePerTest } from '../store/testing/database'
import { type Bench, bench, Switch, switchProcedure } from './testing/one-effect'
import { promised } from './testing/promised'

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
const entry = { kind: 'test', actor: { kind: 'person', id: 'p', name: 'P' }, text: 'stalls', runId: null }

/** A transaction that has added to the record and neither commits nor ends. */
async function stall() {
  const web = new pg.Client({ connectionString: database().ownerUrl })
  await web.connect()
  await web.query('BEGIN')
  await web.query('SELECT record_append($1)', [JSON.stringify({ ...entry, incidentId: null, stepId: null })])
  return async () => {
    await web.query('ROLLBACK')
    await web.end()
  }
}

/** Watches the lease until the promise ends: for how long it had lapsed or changed hands, ms. */
async function lapsedDuring(work: Promise<unknown>): Promise<{ lapsed: number; holders: Set<string> }> {
  let [over, lapsed] = [false, 0]
  const holders = new Set<string>()
  const ended = work.finally(() => {
    over = true
  })
  while (!over) {
    const { rows } = await database().runner.pool.query<{ holder: string; lapsed: boolean }>(
      'SELECT holder, expires_at <= clock_timestamp() AS lapsed FROM lease',
    )
    for (const row of rows) {
      holders.add(row.holder)
      if (row.lapsed) lapsed += 1
    }
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  await ended
  return { lapsed, holders }
}

test.each([1, 2])('%i runner(s), and the record is held for 6 s around an outcome', async (runners) => {
  const [acting, gate] = [promised<void>(), promised<void>()]
  const runner = (name: string) =>
    b.runner({
      ...{ ttlMs: 1000, everyMs: 300, name },
      send: async (...call) => {
        acting.resolve()
        await gate.promise
        return await world.throwIt(...call)
      },
    })
  const first = runner('first')
  const id = await b.start()
  await acting.promise
  if (runners === 2) runner('second')
  const free = await stall()
  gate.resolve()
  await expect.poll(() => world.thrown).toBe(1)
  const held = new Promise((resolve) => setTimeout(resolve, 6_000))
  const { lapsed, holders } = await lapsedDuring(held)
  expect([lapsed, [...holders]]).toEqual([0, ['first']])
  expect(first.lease.inTime).toBe(true)
  await free()
  const run = await b.reaches(id, ['done', 'needs-person'])
  expect(run.effects.map((e) => e.outcome)).toEqual(['accepted'])
  expect(world.thrown).toBe(1)
})

test('a takeover does not wait for it either', async () => {
  const [acting, hung] = [promised<void>(), promised<never>()]
  const first = b.runner({
    ...{ ttlMs: 1000, everyMs: 300, name: 'first' },
    send: async () => {
      acting.resolve()
      return await hung.promise
    },
  })
  const id = await b.start()
  await acting.promise
  const free = await stall()
  await first.lease.stop()
  const second = b.runner({ ttlMs: 1000, everyMs: 300, name: 'second' })
  await expect.poll(() => second.lease.state.leading, { timeout: 3_000 }).toBe(true)
  await free()
  hung.reject(new Error('gone'))
  await b.reaches(id, ['done', 'needs-person'])
  expect((await readRun(database().runner, id)).effects[0]?.outcome).toBe('unknown')
})
