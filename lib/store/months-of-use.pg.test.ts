/*
 * A store that has been in use for months: what is past its time goes, by housekeeping alone, and nothing else does.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStore, type Store } from './client'
import { appendRecordSql } from './record'
import { forgetting, retention } from './retention'
import { databasePerTest } from './testing/database'

const database = databasePerTest()
let store: Store
beforeEach(() => {
  store = createStore(database().ownerUrl)
})
afterEach(() => store.close())

/** As the runner does it, with the rights of its role. */
const sweep = async () => {
  for (const task of Object.values(forgetting(database().runner, 'test', Date.now))) await task()
}
const rows = async (sql: string) => (await store.pool.query(sql)).rows
const account = `(SELECT id FROM account LIMIT 1)`

/** Rows by table, as SQL: what goes, and what stays. */
const cases: Record<string, { goes: string[]; stays: string[] }> = {
  preflight: {
    goes: [`('old', 'p', '{}', 'real', 'a', now() - interval '25 hours', 'done', '[]', 'test')`],
    stays: [`('new', 'p', '{}', 'real', 'a', now() - interval '23 hours', 'asked', '[]', 'test')`],
  },
  session: {
    goes: [
      `(gen_random_uuid(), 'ended long ago', ${account}, 'lab', now(), now(), now() - interval '91 days', NULL)`,
      `(gen_random_uuid(), 'revoked long ago', ${account}, 'lab', now(), now(), now() + interval '1 day', now() - interval '91 days')`,
    ],
    stays: [
      `(gen_random_uuid(), 'live', ${account}, 'lab', now() - interval '400 days', now(), now() + interval '1 day', NULL)`,
      `(gen_random_uuid(), 'revoked lately', ${account}, 'lab', now(), now(), now(), now() - interval '89 days')`,
    ],
  },
  sign_in_limit: {
    goes: [`('old', 3, now() - interval '61 minutes')`],
    stays: [`('ended just now', 3, now() - interval '59 minutes')`, `('open', 3, now() + interval '10 minutes')`],
  },
  backup_check: {
    goes: [`('test', 'b', 'old', 'e', now() - interval '401 days', true, '')`],
    stays: [`('test', 'b', 'new', 'e', now() - interval '399 days', true, '')`],
  },
  webhook_event: {
    goes: [`('pagerduty', 'old', now() - interval '121 minutes', 'test')`],
    stays: [`('pagerduty', 'new', now() - interval '119 minutes', 'test')`],
  },
  alert: {
    goes: [
      `('resolved', 'alertmanager', '1', 't', now() - interval '99 days', now() - interval '98 days', 1, now() - interval '98 days', NULL, NULL, 'test')`,
      `('dismissed', 'alertmanager', '2', 't', now() - interval '99 days', now() - interval '98 days', 1, NULL, now() - interval '98 days', NULL, 'test')`,
    ],
    stays: [
      `('open', 'alertmanager', '3', 't', now() - interval '99 days', now() - interval '98 days', 1, NULL, NULL, NULL, 'test')`,
      `('of an incident', 'alertmanager', '4', 't', now() - interval '99 days', now() - interval '98 days', 1, now() - interval '98 days', NULL, 7, 'test')`,
      `('fires again', 'alertmanager', '5', 't', now() - interval '99 days', now(), 1, NULL, now() - interval '98 days', NULL, 'test')`,
      `('resolved lately', 'alertmanager', '6', 't', now() - interval '99 days', now() - interval '89 days', 1, now() - interval '89 days', NULL, NULL, 'test')`,
    ],
  },
  integration_test: {
    goes: [`('older', 'test', 'slack', 'l', 'a', 'A', now() - interval '40 days')`],
    stays: [
      `('newest', 'test', 'slack', 'l', 'a', 'A', now() - interval '39 days')`,
      `('only one', 'test', 'pagerduty', 'l', 'a', 'A', now() - interval '400 days')`,
    ],
  },
  wall_link: {
    goes: [
      `('revoked', 'h1', 'l', now(), 'a', 'A', NULL, now() - interval '91 days', now() - interval '80 days', 'test')`,
      `('expired', 'h4', 'l', now(), 'a', 'A', NULL, NULL, now() - interval '91 days', 'test')`,
    ],
    stays: [
      `('revoked lately', 'h2', 'l', now(), 'a', 'A', NULL, now() - interval '89 days', now(), 'test')`,
      `('open', 'h3', 'l', now() - interval '400 days', 'a', 'A', NULL, NULL, now(), 'test')`,
    ],
  },
  sent_key: { goes: [`(1, 'old', 1)`], stays: [`(1, 'new', 2)`] },
  lag_sample: {
    goes: [`('test', now() - interval '7 hours', '{}')`],
    stays: [`('test', now() - interval '5 hours', '{}')`],
  },
  lag_minute: {
    goes: [`('test', now() - interval '31 days', '{}')`],
    stays: [`('test', now() - interval '29 days', '{}')`],
  },
  mark: {
    goes: [`('test', now() - interval '31 days', 'event', 'old')`],
    stays: [`('test', now() - interval '29 days', 'event', 'new')`],
  },
  probe_minute: {
    goes: [`('test', now() - interval '33 days', 60, 0)`],
    // The first minute of a month of 31 days is there on its last.
    stays: [`('test', now() - interval '31 days', 60, 0)`],
  },
}
const columns: Record<string, string> = {
  preflight: '(id, procedure_id, inputs, mode, asked_by_id, asked_at, state, checks, environment)',
  session: '(id, token_hash, account_id, method, created_at, last_seen_at, expires_at, revoked_at)',
  alert:
    '(id, source, fingerprint, title, first_at, last_at, times, resolved_at, dismissed_at, incident_number, environment)',
  backup_check: '(environment, bucket, key, etag, at, ok, says)',
  webhook_event: '(source, id, taken_at, environment)',
  wall_link:
    '(id, token_hash, label, created_at, created_by_id, created_by_name, last_used_at, revoked_at, expires_at, environment)',
  integration_test: '(id, environment, integration, link, asked_by_id, asked_by_name, asked_at)',
}

test('there is a case for each table that forgets', () => {
  const forgets = Object.entries(retention).filter(([, { kept }]) => typeof kept === 'number')
  expect(Object.keys(cases).sort()).toEqual(forgets.map(([table]) => table).sort())
})

test('rows past their time are gone after a sweep, and all others are there, also after a second one', async () => {
  await store.pool.query(
    `INSERT INTO account (id, login, name, role) VALUES (gen_random_uuid(), 'robin', 'Robin', 'viewer')`,
  )
  await store.pool.query(
    `INSERT INTO incident (number, environment, title, kind, severity, scenario, symptoms, status, status_times, impact_started_at,
       declared_by_id, declared_by_name, declared_at)
     SELECT n, 'test', 'Down', 'real', 'SEV2', 'S1', '[]', 'triage', '[]', now(), 'a', 'Ann', now() FROM unnest(ARRAY[1, 7]) n`,
  )
  for (const text of ['old', 'new'])
    await appendRecordSql(store.pool, { kind: 'incident.note', actor: { kind: 'collector', name: 'c' }, text })
  // The record itself cannot be backdated, not even by its owner, unless its triggers are off.
  await store.pool.query(
    `BEGIN; SET LOCAL session_replication_role = replica; UPDATE record_entry SET at = now() - interval '8 days' WHERE n = 1; COMMIT`,
  )
  const expected: Record<string, unknown[]> = {}
  for (const [table, { goes, stays }] of Object.entries(cases)) {
    const into = `INSERT INTO ${table} ${columns[table] ?? ''} VALUES`
    await store.pool.query(`${into} ${stays.join(', ')}`)
    expected[table] = await rows(`SELECT * FROM ${table} ORDER BY 1, 2`)
    await store.pool.query(`${into} ${goes.join(', ')}`)
    expect(await rows(`SELECT * FROM ${table}`)).toHaveLength(goes.length + stays.length)
  }
  const kept = await rows('SELECT * FROM record_entry ORDER BY n')
  for (let times = 0; times < 2; times += 1) {
    await sweep()
    for (const [table, stays] of Object.entries(expected)) {
      const left = await rows(`SELECT * FROM ${table} ORDER BY 1, 2`)
      // The samples that are gone left their worst minute behind.
      if (table === 'lag_minute') expect(left).toEqual(expect.arrayContaining(stays))
      else expect([table, left]).toEqual([table, stays])
    }
  }
  expect(await rows('SELECT * FROM record_entry ORDER BY n')).toEqual(kept)
})

test('a backlog of many rows is worked off in pieces', async () => {
  await store.pool.query(
    `INSERT INTO webhook_event (source, id, taken_at, environment) SELECT 'pagerduty', n::text, now() - interval '1 day', 'test' FROM generate_series(1, 10001) n`,
  )
  await sweep()
  expect(await rows('SELECT count(*)::int AS n FROM webhook_event')).toEqual([{ n: 0 }])
})
