/*
 * A store that an earlier version kept, when web and runner shared one role: it is migrated as it is, with all that is in it.
 * Afterwards web and runner sign in under their own roles, and the former one opens nothing any more.
 */
import { hash } from '@node-rs/argon2'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { signInByPassword } from '../commands/people/sign-in'
import { verifyChain } from '../domain/record/chain'
import { createStore, type Store } from './client'
import { formerRole } from './grants'
import { prepareStore } from './prepare'
import { readRecord, readRecordHead } from './record'
import { readRun } from './run'
import { storeOfOneRole } from './testing/earlier-version'
import { testSecret } from './testing/postgres'
import { type ScratchServer, startScratchServer } from './testing/scratch-server'
import { proverOf } from './web-proof'

let server: ScratchServer
let appUrl = ''
let prepared: Awaited<ReturnType<typeof prepareStore>>
const opened: Store[] = []
const passwords = { web: 'web-password', runner: 'runner-password' }

const as = async <T>(url: string, act: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return await act(client).finally(() => client.end())
}
const open = (url: string): Store => {
  const store = createStore(url)
  opened.push(store)
  return store
}

beforeAll(async () => {
  server = await startScratchServer()
  const former = await storeOfOneRole(server.url, 'former-password')
  appUrl = former.appUrl
  const kept = await hash('correct horse battery', { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
  await as(appUrl, async (app) => {
    await app.query(
      `INSERT INTO account (id, login, name, role, password_hash) VALUES (gen_random_uuid(), 'kai', 'Kai', 'approver', $1)`,
      [kept],
    )
    await app.query(`INSERT INTO run (id, procedure_id, procedure_version, title, mode, environment, environment_kind, cluster,
        reason, two_persons, inputs, facts, checks, state, sentence, started_by_id, started_by_name, started_at)
      VALUES ('r1', 'primary-failover', 1, 'Primary failover', 'drill', 'lab', 'lab', 'castmatch-prod', 'a drill', true,
        '{}', '{}', '[]', 'done', 'Done.', 'kai', 'Kai', now())`)
    await app.query(`INSERT INTO resource_lock VALUES ('us-west-2/castmatch-prod', 'r1', now());
      INSERT INTO lease VALUES ('collector:lab', 'runner', 3, now());
      INSERT INTO lag_sample VALUES ('lab', now(), '{}');
      INSERT INTO preflight VALUES ('q1', 'lab/primary-failover', '{}', 'drill', 'kai', now(), 'done', '[]');
      INSERT INTO incident (environment, title, kind, severity, scenario, symptoms, status, status_times, impact_started_at,
          declared_at, declared_by_id, declared_by_name)
        VALUES ('lab', 'Writes fail', 'real', 'SEV1', 'S1', '[]', 'triage', '[]', now(), now(), 'kai', 'Kai');
      INSERT INTO page VALUES ('p1', 1, 'L1', 'slack', 'Join', 'kai', 'Kai', now());
      INSERT INTO outbox VALUES ('page-p1', 1, 'p1', 'slack', '{}', 'sent', 1, now());
      INSERT INTO wall_link VALUES ('w1', 'hash', 'Room 1', now(), 'kai', 'Kai');
      INSERT INTO alert VALUES ('a1', 'alertmanager', 'f1', 'PgDown', 'critical', now(), now());
      INSERT INTO webhook_event VALUES ('pagerduty', 'e1', now())`)
    await app.query('SELECT record_append($1)', [
      JSON.stringify({
        kind: 'run.started',
        actor: { kind: 'person', id: 'kai', name: 'Kai' },
        text: 'x',
        runId: 'r1',
      }),
    ])
  })
  prepared = await prepareStore({ adminUrl: server.url, passwords, webSecret: testSecret })
})
afterAll(async () => {
  for (const store of opened) await store.close()
  await server?.stop()
})

it('keeps its runs and its record, whole', async () => {
  const web = open(prepared.webUrl)
  expect(await readRun(web, 'r1')).toMatchObject({ environment: 'lab', state: 'done', startedBy: { name: 'Kai' } })
  expect(await verifyChain(readRecord(web), await readRecordHead(web))).toMatchObject({ whole: true, entries: 1 })
})

it('knows its one environment, of the kind of its runs, and every row says that it belongs to it', async () => {
  const { pool } = open(prepared.ownerUrl)
  const { rows: known } = await pool.query('SELECT name, kind, stamped_at IS NOT NULL AS stamped FROM environment')
  expect(known).toEqual([{ name: 'lab', kind: 'lab', stamped: true }])
  for (const table of [
    'run',
    'resource_lock',
    'lease',
    'lag_sample',
    'preflight',
    'incident',
    'page',
    'outbox',
    'wall_link',
    'alert',
    'webhook_event',
  ]) {
    const { rows } = await pool.query(`SELECT environment FROM ${table}`)
    expect([table, rows]).toEqual([table, [{ environment: 'lab' }]])
  }
  const { rows: asked } = await pool.query('SELECT procedure_id FROM preflight')
  expect(asked).toEqual([{ procedure_id: 'primary-failover' }])
})

it('lets the runner in under its own role', async () => {
  expect(await readRun(open(prepared.runnerUrl), 'r1')).toMatchObject({ id: 'r1' })
})

it('lets nobody in under the former role', async () => {
  await expect(as(appUrl, (app) => app.query('SELECT 1'))).rejects.toThrow(
    /password authentication failed|not permitted/,
  )
  const left = await as(prepared.ownerUrl, (owner) =>
    owner.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [formerRole]),
  )
  expect(left.rowCount).toBe(0)
})

it('lets people in with the passwords that they have, of which it no longer keeps what opens a session', async () => {
  const from = { prove: proverOf(testSecret), address: '10.0.0.1', userAgent: null, now: Date.now }
  const enter = (password: string) =>
    signInByPassword({ ...from, store: open(prepared.webUrl) }, { login: 'kai', password })
  await expect(enter('another password')).rejects.toMatchObject({ code: 'invalid' })
  expect(await enter('correct horse battery')).toMatch(/^[\w-]{43}$/)
  const { rows } = await open(prepared.ownerUrl).pool.query('SELECT password_hash FROM account')
  expect(rows[0].password_hash).toMatch(/^\$argon2id-sha256\$v=19\$m=19456,t=2,p=1\$/)
  // Changed in form only: nobody gave anybody a new password.
  expect((await open(prepared.ownerUrl).pool.query('SELECT 1 FROM account_change')).rowCount).toBe(0)
})

it('migrates again without a change', async () => {
  expect((await prepareStore({ adminUrl: server.url, passwords })).applied).toEqual([])
})
