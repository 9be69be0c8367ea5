/** The fence on a real server: the application is put out and kept out, whoever asks sees it, and the way back works. */
import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Surroundings } from '../../procedures/contract'
import { fenceBySql, unfenceBySql } from '../../procedures/steps/fence-calls'
import { createPostgresControl } from './control'

const admin = new URL(inject('postgresAdminUrl'))
const name = `fence_${randomBytes(4).toString('hex')}`
const [app, recovery, collector] = [`${name}_app`, `${name}_recovery`, `${name}_collector`]
const password = randomBytes(12).toString('hex')
const address = { host: admin.hostname, port: Number(admin.port) }
const environment = {
  database: { name, user: collector, recovery: { user: recovery }, applicationRoles: [app], criticalTables: [] },
} as unknown as Surroundings
const context = {
  facts: { writerBefore: { id: 'old', ...address } },
} as unknown as Parameters<typeof fenceBySql>[0]
const control = createPostgresControl({ user: recovery, password, database: name, tls: 'disable' })
const look = () => control.look(address, [app])
const run = (call: ReturnType<typeof fenceBySql>) => control.execute(address, call?.statements ?? [], () => {})
let root: Client
let own: Client

const login = async (user: string) => {
  const client = new Client({ ...address, user, password, database: name })
  const lost = new Promise<string>((told) =>
    client.on('error', (error: Error & { code?: string }) => told(String(error.code))),
  )
  await client.connect()
  return { client, lost }
}

beforeAll(async () => {
  root = new Client({ connectionString: admin.href })
  await root.connect()
  for (const role of [app, recovery, collector]) await root.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`)
  await root.query(`ALTER ROLE ${recovery} CREATEROLE; GRANT pg_signal_backend, ${app} TO ${recovery}`)
  await root.query(`CREATE DATABASE ${name} OWNER ${recovery}`)
  own = new Client({ connectionString: Object.assign(new URL(admin), { pathname: `/${name}` }).href })
  await own.connect()
  await own.query(`CREATE TABLE dr_heartbeat (id int); GRANT DELETE ON dr_heartbeat TO ${app}`)
})
afterAll(async () => {
  await own.end()
  await root.query(`DROP DATABASE ${name} WITH (FORCE)`)
  for (const role of [app, recovery, collector]) await root.query(`DROP ROLE ${role}`)
  await root.end()
})

test('the fence ends the application’s sessions and refuses new ones; repeating it changes nothing', async () => {
  const { lost } = await login(app)
  expect(await look()).toMatchObject({ canLogin: [app], sessions: 1, write: { by: app, refusedWith: null } })
  const call = fenceBySql(context, environment)
  await run(call)
  expect(await lost).toBe('57P01')
  await run(call)
  expect(await look()).toEqual({
    canLogin: [],
    sessions: 0,
    readOnlyByDefault: true,
    write: { by: app, refusedWith: '25006' },
  })
  await expect(login(app)).rejects.toMatchObject({ code: '28000' })
  const ours = (await login(collector)).client
  await expect(ours.query('CREATE TABLE t ()')).rejects.toMatchObject({ code: '25006' })
  await ours.end()
})

test('the way back lets the application in again', async () => {
  await run(unfenceBySql(context, environment))
  const { client } = await login(app)
  await client.query('DELETE FROM dr_heartbeat')
  await client.end()
  expect(await look()).toMatchObject({ canLogin: [app], readOnlyByDefault: false, write: { refusedWith: null } })
})

test('a refusal after the first statement leaves it open whether anything happened', async () => {
  const broken = control.execute(address, [`SELECT 1`, `ALTER ROLE ${app}_absent NOLOGIN`], () => {})
  await expect(broken).rejects.toMatchObject({ detail: { outcome: 'unknown' } })
  const first = control.execute(address, [`ALTER ROLE ${app}_absent NOLOGIN`], () => {})
  await expect(first).rejects.toMatchObject({ detail: { outcome: 'rejected' } })
})

test('a statement that is refused is named, and those after it are done all the same', async () => {
  const statements = [`ALTER ROLE ${app}_absent NOLOGIN`, `ALTER ROLE ${app} NOLOGIN`, `SELECT nothing_such()`]
  await expect(control.execute(address, statements, () => {})).rejects.toMatchObject({
    message: expect.stringContaining(
      `refused 2 of 3 statements: ${statements[0]} (42704); ${statements[2]} (42883). Done: ${statements[1]}.`,
    ),
    detail: { outcome: 'unknown' },
  })
  expect((await look()).canLogin).toEqual([])
  await control.execute(address, [`ALTER ROLE ${app} LOGIN`], () => {})
})

test('what the recovery role may do is the server’s own word', async () => {
  expect(await control.rights(address, [app, `${app}_absent`])).toMatchObject({
    user: recovery,
    superuser: false,
    createRole: true,
    major: 15,
    database: name,
    owner: recovery,
    ownsDatabase: true,
    roles: [
      { name: app, exists: true, admin: false, endsSessions: true },
      { name: `${app}_absent`, exists: false, admin: false },
    ],
  })
})

test('a runner whose turn ends in between sends no further statement', async () => {
  let sent = 0
  const over = () => {
    sent += 1
    if (sent > 1) throw new Error('the turn is over')
  }
  await expect(control.execute(address, [`SELECT 1`, `ALTER ROLE ${app} NOLOGIN`], over)).rejects.toThrow('over')
  expect((await look()).canLogin).toEqual([app])
})
