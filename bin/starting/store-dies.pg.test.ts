/*
 * The embedded store dies: its postmaster is killed while its other processes still run, as the kernel does when memory is
 * short. It comes back by itself over whole data, nothing else ends, and a run that was under way goes on where it was.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PostgresServer } from '../../lib/embedded-postgres/server'
import { bench, Switch, switchProcedure } from '../../lib/runner/testing/one-effect'
import { createStore } from '../../lib/store/client'
import { keepRunning } from './keep-running'
import { localSecrets } from './secrets'
import { startStore } from './store'

let dir = ''
let said: string[] = []
let ends: (() => Promise<unknown>)[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wr-store-dies-'))
  said = []
  ends = []
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
  rmSync(dir, { recursive: true, force: true })
})

const freePort = () => getPort({ port: Array.from({ length: 90 }, (_, i) => 23_500 + i), host: '127.0.0.1' })
const says = (pattern: RegExp) =>
  expect.poll(() => said.filter((sentence) => pattern.test(sentence)), { timeout: 20_000 })
const postmasterOf = (dataDir: string) => Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0])

/** A server that is kept running, without the product's tables, which these tests do not need. */
async function kept() {
  const password = randomBytes(12).toString('hex')
  const server = new PostgresServer({
    name: 'The store',
    dataDir: join(dir, 'data'),
    host: '127.0.0.1',
    port: await freePort(),
    superuser: 'owner',
    password,
    settings: { fsync: false },
  })
  await server.initialise()
  await server.start()
  const keeper = keepRunning(server, 'The store', (sentence) => said.push(sentence))
  ends.push(keeper.stop)
  const ask = async (sql: string) => {
    const login = { host: '127.0.0.1', port: server.port, user: 'owner', password, database: 'postgres' }
    const client = new pg.Client(login)
    client.on('error', () => {})
    await client.connect()
    return await client.query(sql).finally(() => client.end())
  }
  const kill = () => {
    if (server.pid) process.kill(server.pid, 'SIGKILL')
  }
  return { server, stop: keeper.stop, ask, kill }
}

test('a run that was under way is done after the store was killed under it, with one effect', {
  timeout: 60_000,
}, async () => {
  const started = await startStore(join(dir, 'store'), await freePort(), localSecrets(dir), (s) => said.push(s))
  ends.push(started.stop)
  const client = createStore(started.ownerUrl)
  ends.push(client.close)
  const world = new Switch()
  const procedure = switchProcedure(world, 'SAFE')
  const b = bench({ web: client, runner: client, owner: client, runnerUrl: started.runnerUrl }, world, procedure, 'lab')
  ends.push(b.end)
  let reached = () => {}
  const calling = new Promise<void>((done) => {
    reached = done
  })
  let answer = () => {}
  const held = new Promise<void>((done) => {
    answer = done
  })
  b.runner({
    // The store dies after the intent was written and the call was sent, and before its outcome can be.
    send: async (...args) => {
      const reply = await world.throwIt(...args)
      reached()
      await held
      return reply
    },
  })
  const id = await b.start()
  await calling
  const first = postmasterOf(join(dir, 'store/data'))
  process.kill(first, 'SIGKILL')
  answer()
  await says(/^The store is running again after/).toHaveLength(1)
  expect(said[0]).toBe('The store stopped unexpectedly and is being restarted.')
  const run = await b.reaches(id, ['done'])
  expect(world.thrown).toBe(1)
  expect(run.effects).toHaveLength(1)
  expect(postmasterOf(join(dir, 'store/data'))).not.toBe(first)
})

test('it comes back each time, and what was committed before is there', async () => {
  const { ask, kill } = await kept()
  await ask('CREATE TABLE kept (n int)')
  for (let n = 1; n <= 3; n += 1) {
    await ask(`INSERT INTO kept VALUES (${n})`)
    // A session that is busy does not notice at once that its postmaster is gone; two servers must never share the data.
    const busy = ask('SELECT count(*) FROM generate_series(1, 1e12)').catch(() => 'ended')
    kill()
    await says(/is running again/).toHaveLength(n)
    expect(await busy).toBe('ended')
  }
  expect((await ask('SELECT array_agg(n ORDER BY n) AS all FROM kept')).rows).toEqual([{ all: [1, 2, 3] }])
})

test('while it cannot start it is tried less and less often, each failure is said, and it comes back when it can', async () => {
  const { server, kill } = await kept()
  const control = join(server.dataDir, 'global/pg_control')
  renameSync(control, `${control}.away`)
  kill()
  await says(/Retrying in/).toHaveLength(3)
  const pauses = said.flatMap((sentence) => /Retrying in ([\d.]+) s/.exec(sentence)?.[1] ?? []).map(Number)
  expect(pauses).toEqual([0.2, 0.4, 0.8])
  renameSync(`${control}.away`, control)
  await says(/is running again/).toHaveLength(1)
})

test('a stop in the middle of a restart leaves nothing running', async () => {
  const { server, stop, kill } = await kept()
  kill()
  await says(/is being restarted/).toHaveLength(1)
  await stop()
  expect([server.state, server.pid]).toEqual(['stopped', null])
  expect(said.some((sentence) => /is running again/.test(sentence))).toBe(false)
})

test('a stop at every moment of a restart ends it', async () => {
  for (const afterMs of [0, 90, 110, 150, 250, 400]) {
    const { server, stop, kill } = await kept()
    const exit = once(server, 'exit')
    kill()
    await exit
    await new Promise((done) => setTimeout(done, afterMs))
    await stop()
    expect([server.state, server.pid]).toEqual(['stopped', null])
    ends = []
  }
})
