import { spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withClient } from '../../lab/postgres/sql'
import { freeBase } from '../../lab/testing'
import type { LogLimits } from './log-file'
import { isAlive } from './processes'
import { createServer, type PostgresServer } from './server'

let directory = ''
let port = 0
let servers: PostgresServer[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'wr-server-'))
  port = await freeBase(21_600)
  servers = []
})
afterEach(async () => {
  for (const server of servers) await server.stop('immediate')
  rmSync(directory, { recursive: true, force: true })
})

const login = { user: 'owner', password: "it's a secret", database: 'postgres' }

function make(name = 'data', at = port, logLimits?: LogLimits): PostgresServer {
  const server = createServer({
    name: 'The test server',
    dataDir: join(directory, name),
    host: '127.0.0.1',
    port: at,
    superuser: login.user,
    password: login.password,
    settings: { fsync: false },
    logLimits,
  })
  servers.push(server)
  return server
}

const ask = (server: PostgresServer, sql: string) =>
  withClient({ host: server.host, port: server.port }, login, async (client) => (await client.query(sql)).rows)

it('makes a server with checksums that takes its password and no other, and keeps data over a restart', async () => {
  const server = make()
  expect(await server.initialise()).toBe(true)
  expect(await server.initialise()).toBe(false)
  await server.start()
  expect(await ask(server, 'SHOW data_checksums')).toEqual([{ data_checksums: 'on' }])
  await ask(server, 'CREATE TABLE kept AS SELECT 1 AS one')
  const wrong = { ...login, password: 'wrong' }
  await expect(withClient({ host: server.host, port }, wrong, async () => undefined)).rejects.toThrow(/password/)
  await server.stop()
  expect(server.state).toBe('stopped')
  await server.start()
  expect(await ask(server, 'SELECT one FROM kept')).toEqual([{ one: 1 }])
})

it('comes back after a kill, and tells when it has ended', async () => {
  const server = make()
  await server.initialise()
  await server.start()
  let exits = 0
  server.on('exit', () => {
    exits += 1
  })
  await server.kill()
  expect([exits, server.state, server.pid]).toEqual([1, 'stopped', null])
  await server.start()
  expect(await ask(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

it('keeps its log bounded while it runs, with the newest lines', async () => {
  const server = make('data', port, { bytes: 50_000, kept: 1 })
  await server.initialise()
  await server.start()
  for (let n = 0; n < 40; n += 1) await ask(server, `DO $$ BEGIN RAISE LOG '%', repeat('x', 5000); END $$`)
  await ask(server, `DO $$ BEGIN RAISE LOG 'the newest line'; END $$`)
  await server.stop()
  const logs = () => readdirSync(directory).filter((name) => name.startsWith('data.log'))
  await expect
    .poll(() =>
      logs()
        .map((name) => readFileSync(join(directory, name), 'utf8'))
        .join(''),
    )
    .toContain('the newest line')
  expect(logs().sort()).toEqual(['data.log', 'data.log.1'])
  for (const name of logs()) expect(statSync(join(directory, name)).size).toBeLessThan(50_000 + 65_536)
})

it('says by which version its data was written when that is not the one it brings', async () => {
  const server = make()
  await server.initialise()
  writeFileSync(join(server.dataDir, 'PG_VERSION'), '14\n')
  await expect(server.start()).rejects.toMatchObject({
    reason: 'other-version',
    message: expect.stringContaining('was written by PostgreSQL 14, and this version brings 15'),
  })
  expect(server.state).toBe('stopped')
})

it('says that the port is taken', async () => {
  const rival = createTcpServer().listen(port, '127.0.0.1')
  const server = make()
  await server.initialise()
  await expect(server.start()).rejects.toMatchObject({
    reason: 'port-in-use',
    message: `The test server cannot listen on 127.0.0.1:${port}: another program uses the port.`,
  })
  await new Promise((done) => rival.close(done))
  await server.start()
})

it('says that the data directory is damaged', async () => {
  const server = make()
  await server.initialise()
  truncateSync(join(server.dataDir, 'global', 'pg_control'), 10)
  await expect(server.start()).rejects.toMatchObject({ reason: 'damaged-data' })

  mkdirSync(join(directory, 'foreign'))
  writeFileSync(join(directory, 'foreign', 'letter.txt'), 'not a database')
  await expect(make('foreign').initialise()).rejects.toMatchObject({ reason: 'damaged-data' })
  expect(readFileSync(join(directory, 'foreign', 'letter.txt'), 'utf8')).toBe('not a database')
})

it('ends a server that an earlier process left behind, but no stranger that has its number now', async () => {
  const left = make()
  await left.initialise()
  await left.start()
  const orphan = left.pid
  if (!orphan) throw new Error('no process')
  const heir = make()
  await heir.start()
  expect(isAlive(orphan)).toBe(false)
  expect(await ask(heir, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  await heir.kill()

  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const file = join(heir.dataDir, 'postmaster.pid')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(stranger.pid)))
  await heir.start()
  expect(stranger.pid !== undefined && isAlive(stranger.pid)).toBe(true)
  stranger.kill()
})
