// The pooler is the real PgBouncer: its admin console is asked and told as the product does it, by the simple protocol.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
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
