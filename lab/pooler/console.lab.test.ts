// The pooler is the real PgBouncer: its admin console is asked and told as the product does it, by the simple protocol.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPgbouncer } from '../../lib/adapters/pgbouncer/index'
import { spoils } from '../faults/spoilt-reply'
import { registerWorkload } from '../workload/index'
import { createOneNodeLab, type OneNodeLab } from '../workload/one-node-lab'
import { poolerAdmin, poolerPassword, registerPooler } from './index'
import { findPgbouncer, installPgbouncer } from './pgbouncer'

let lab: OneNodeLab

beforeAll(async () => {
  if (!findPgbouncer()) throw new Error(`These tests need PgBouncer: ${installPgbouncer}, or set PGBOUNCER_PATH.`)
  lab = await createOneNodeLab(21_300)
  registerPooler(lab)
  registerWorkload(lab)
  await lab.start()
})
// The set-up itself may have failed.
afterAll(() => lab?.stop())

async function connect(user: string, password: string, database: string): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port: lab.context.ports.pgbouncer, user, password, database })
  client.on('error', () => undefined)
  await client.connect()
  return client
}
const asAdmin = () => connect(poolerAdmin, poolerPassword(lab.secrets.token), 'pgbouncer')
/** As the product asks and tells it. */
const product = (limits?: { queryMs: number }) =>
  createPgbouncer({
    name: 'p',
    host: '127.0.0.1',
    port: lab.context.ports.pgbouncer,
    user: poolerAdmin,
    password: poolerPassword(lab.secrets.token),
    tls: 'disable',
    database: 'castmatch_production',
    ...(limits && { limits }),
  })
const asApplication = () => connect('castmatch_app', lab.secrets.applicationPassword, 'castmatch_production')

test('work goes through to the writer, and the console shows its server', async () => {
  const application = await asApplication()
  await application.query('INSERT INTO commits (worker, n) VALUES ($1, 1)', ['console-test'])
  const console_ = await asAdmin()
  const servers = await console_.query('SHOW SERVERS')
  const { host, port } = lab.context.cluster.writerEndpoint
  expect(servers.rows.some((row) => row.addr === host && Number(row.port) === port)).toBe(true)
  const pools = await console_.query('SHOW POOLS')
  expect(pools.rows.find((row) => row.database === 'castmatch_production')).toMatchObject({ pool_mode: 'transaction' })
  await console_.end()
  await application.end()
})

test('PAUSE holds new work back until RESUME', async () => {
  const console_ = await asAdmin()
  const application = await asApplication()
  await console_.query('PAUSE castmatch_production')
  let answered = false
  const waiting = application.query('SELECT 1').then(() => {
    answered = true
  })
  const paused = await console_.query('SHOW DATABASES')
  expect(Number(paused.rows.find((row) => row.name === 'castmatch_production')?.paused)).toBe(1)
  expect(answered).toBe(false)
  await console_.query('RESUME castmatch_production')
  await waiting
  await application.end()
  await console_.end()
})

test.each(spoils)('a reply of the console that is $title leaves what it did', async ({ how }) => {
  const paused = async () => {
    const console_ = await asAdmin()
    const { rows } = await console_.query('SHOW DATABASES')
    await console_.end()
    return Number(rows.find((row) => row.name === 'castmatch_production')?.paused) === 1
  }
  const from = lab.entries.length
  await lab.startFault(`pooler-reply-${how}`, null, { calls: 1, operation: 'pause' })
  const ours = product({ queryMs: 1_500 })
  await expect(ours.pause('castmatch_production', 1_500)).rejects.toMatchObject({ detail: { outcome: 'unknown' } })
  expect(await paused()).toBe(true)
  // Struck once; the next command is answered, and so is the one that is not named.
  expect(await ours.pause('castmatch_production', 1_500)).toBe('paused')
  await ours.resume('castmatch_production')
  expect(await paused()).toBe(false)
  await ours.close()
  const plain = await asAdmin()
  await lab.startFault(`pooler-reply-${how}`, null, { calls: 1, operation: '' })
  const said = await plain.query({ text: 'PAUSE castmatch_production', query_timeout: 1_500 } as pg.QueryConfig).then(
    (answer) => String(answer.command),
    (error: Error) => error.message,
  )
  expect(said).toMatch(how === 'empty' ? /^null$/ : /terminated unexpectedly|timeout/)
  plain.end().catch(() => undefined)
  expect(await paused()).toBe(true)
  const console_ = await asAdmin()
  await console_.query('RESUME castmatch_production')
  await console_.end()
  expect(lab.entries.slice(from)).toMatchObject([
    { service: 'pgbouncer', operation: 'PAUSE', effective: true, answered: 'none' },
    { service: 'pgbouncer', operation: 'RESUME', effective: true, answered: 'ok' },
    { service: 'pgbouncer', operation: 'PAUSE', effective: true, answered: 'none' },
    { service: 'pgbouncer', operation: 'RESUME', effective: true, answered: 'ok' },
  ])
})

test('a command that is refused is logged as one that did nothing', async () => {
  const from = lab.entries.length
  const console_ = await asAdmin()
  await expect(console_.query('KILL no_such_pool')).rejects.toThrow()
  await console_.end()
  expect(lab.entries.slice(from)).toMatchObject([{ operation: 'KILL', effective: false, answered: 'error' }])
})

test('only the right password opens the console, and only the admin may use it', async () => {
  await expect(connect(poolerAdmin, 'wrong', 'pgbouncer')).rejects.toThrow()
  await expect(connect('castmatch_app', lab.secrets.applicationPassword, 'pgbouncer')).rejects.toThrow()
})

test('its files with passwords are readable by its account alone', () => {
  for (const file of ['users.txt', 'pgbouncer.ini'])
    expect(statSync(join(lab.context.dataDir, 'pgbouncer', file)).mode & 0o077).toBe(0)
})

test('stopped it refuses connections, healed it takes them again', async () => {
  await lab.startFault('pooler-stop', null, {})
  await expect(asApplication()).rejects.toThrow('ECONNREFUSED')
  await lab.heal('pooler-stop')
  const application = await asApplication()
  await application.end()
})

test('a PAUSE of all databases, as somebody types it, is seen; ours is done already, and ends with theirs', async () => {
  const from = lab.entries.length
  const console_ = await asAdmin()
  const application = await asApplication()
  const ours = product()
  expect(await ours.pools()).toMatchObject({ paused: false, pausedAll: false })
  await console_.query('PAUSE')
  // Nobody waits yet, but a PAUSE of one database is refused.
  expect(await ours.pause('castmatch_production', 1_500)).toBe('paused')
  expect(await ours.pools()).toMatchObject({ paused: true, pausedAll: true })
  const waiting = application.query('SELECT 1')
  await expect.poll(() => ours.pools()).toMatchObject({ paused: true, pausedAll: true, clientsWaiting: 1 })
  await ours.resume('castmatch_production')
  expect(await ours.pools()).toMatchObject({ paused: true, pausedAll: true })
  await console_.query('RESUME')
  await waiting
  expect(await ours.pools()).toMatchObject({ paused: false, pausedAll: false })
  // Asking changes nothing, and is not logged as a change.
  expect(lab.entries.slice(from).map((e) => e.parameters.command)).not.toContain('PAUSE "pgbouncer"')
  await ours.close()
  await application.end()
  await console_.end()
})

const up = () =>
  asApplication().then(
    async (application) => {
      await application.end()
      return true
    },
    () => false,
  )
const quickly = { timeout: 10_000 }

test('one that dies by itself is started again', async () => {
  const console_ = await asAdmin()
  const gone = new Promise((done) => console_.once('end', done))
  await console_.query('SHUTDOWN').catch(() => undefined)
  await gone
  await expect.poll(up, quickly).toBe(true)
})

test('killed it stays dead until it is healed', async () => {
  await lab.startFault('pooler-dead', null, {})
  await expect(asApplication()).rejects.toThrow('ECONNREFUSED')
  // Longer than a pooler that dies by itself stays away.
  await expect
    .poll(up, { timeout: 1_500 })
    .toBe(true)
    .then(
      () => expect.unreachable('it came back by itself'),
      () => undefined,
    )
  await lab.heal('pooler-dead')
  expect(await up()).toBe(true)
})

test('it refuses connections while its process lives and remembers', async () => {
  const before = await asAdmin()
  await before.query('PAUSE castmatch_production')
  await lab.startFault('pooler-refuses', null, {})
  await expect(asAdmin()).rejects.toThrow('ECONNREFUSED')
  await lab.heal('pooler-refuses')
  const after = await asAdmin()
  const { rows } = await after.query('SHOW DATABASES')
  expect(Number(rows.find((row) => row.name === 'castmatch_production')?.paused)).toBe(1)
  await after.query('RESUME castmatch_production')
  await after.end()
})
