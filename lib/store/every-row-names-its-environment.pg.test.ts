/*
 * One store may hold several environments. A row that does not say which one it belongs to would be acted on by the wrong
 * runner, with the wrong credentials: the catalogue itself is asked, so that a new table must say it too.
 */
import { expect, it } from 'vitest'
import { declare } from '../commands/incident/declare'
import { rename } from '../commands/incident/lead'
import { pauseRun, retryStep } from '../commands/run/steer'
import { writesFail } from '../commands/testing/people-in-an-incident'
import { signedIn } from '../commands/testing/signed-in'
import { lagHistoryStore } from './history'
import { readRun } from './run'
import { databasePerTest } from './testing/database'

const database = databasePerTest()

/** What belongs to the whole store: people, what they prove themselves with, the record, and rules of this version. */
const ofTheWholeStore = [
  '_prisma_migrations',
  'account',
  'account_change',
  'account_identity',
  'admission',
  'decoy_key',
  'passkey',
  'record_entry',
  'record_head',
  'rule_guessing',
  'rule_permission',
  'rule_record_kind',
  'rule_span',
  'rule_step_decision',
  'session',
  'sign_in_attempt',
  'sign_in_limit',
  // Counts entries of the record.
  'timeline_tally',
  'web_key',
]

it('each table names an environment by a foreign key that may not be null, or is listed as the whole store’s', async () => {
  const { rows } = await database().owner.pool.query<{ name: string }>(`
    WITH RECURSIVE link AS (
      SELECT c.conrelid, c.confrelid FROM pg_constraint c
      WHERE c.contype = 'f' AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) AND NOT a.attnotnull)
    ), named(oid) AS (
      SELECT 'environment'::regclass::oid UNION SELECT link.conrelid FROM link JOIN named ON link.confrelid = named.oid)
    SELECT relname AS name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND oid NOT IN (SELECT oid FROM named) ORDER BY relname`)
  expect(rows.map(({ name }) => name)).toEqual(ofTheWholeStore)
})

it('a row of an environment that the store was not stamped with is refused', async () => {
  const history = lagHistoryStore(database().runner)
  await history.append('lab', [{ at: 1, byNode: {} }])
  await expect(history.append('elsewhere', [{ at: 1, byNode: {} }])).rejects.toMatchObject({ code: '23503' })
})

it('an incident, a page and a lock of one environment cannot be joined to another', async () => {
  const ann = await signedIn(database(), { login: 'ann', role: 'responder' }, { name: 'lab', kind: 'lab' })
  const { number } = await declare(ann, writesFail())
  const { pool } = database().owner
  for (const statement of [
    `INSERT INTO page (id, environment, number, level, channel, message, asked_by_id, asked_by_name, asked_at)
     VALUES ('p', 'test', ${number}, 'L1', 'slack', 'x', 'a', 'A', now())`,
    `INSERT INTO outbox (id, environment, number, about, channel, payload, state, next_at) VALUES ('o', 'test', ${number}, '', 'slack', '{}', 'queued', now())`,
    `INSERT INTO alert (id, environment, source, fingerprint, title, first_at, last_at, incident_number) VALUES ('a', 'test', 'alertmanager', 'f', 't', now(), now(), ${number})`,
  ])
    await expect(pool.query(statement), statement).rejects.toMatchObject({ code: '23503' })
})

it('who looks from another environment finds neither incident nor run, and decides nothing about them', async () => {
  const here = { name: 'lab', kind: 'lab' } as const
  const ann = await signedIn(database(), { login: 'ann', role: 'commander' }, here)
  const { number } = await declare(ann, writesFail())
  await database().owner.pool.query(
    `INSERT INTO run (id, procedure_id, procedure_version, title, mode, environment, environment_kind, cluster, reason, two_persons,
       inputs, facts, checks, state, sentence, started_by_id, started_by_name, started_at)
     VALUES ('r', 'p', 1, 'P', 'drill', 'lab', 'lab', 'c', 'why', false, '{}', '{}', '[]', 'running', '', 'x', 'X', now())`,
  )
  await database().owner.pool.query(
    `INSERT INTO run_step (run_id, index, step_id, title, effect, definition_hash, state, sentence, output)
     VALUES ('r', 0, 's', 'S', 'SAFE', 'h', 'failed', '', '{}')`,
  )
  const elsewhere = { ...ann, environment: { name: 'test', kind: 'staging' } } as const
  const notFound = { code: 'not-found' }
  await expect(rename(elsewhere, { number, version: 1, title: 'Mine' })).rejects.toMatchObject(notFound)
  await expect(pauseRun(elsewhere, { runId: 'r' })).rejects.toMatchObject(notFound)
  await expect(retryStep(elsewhere, { runId: 'r', stepId: 's' })).rejects.toMatchObject(notFound)
  await expect(readRun(database().web, 'r', 'test')).rejects.toMatchObject(notFound)
  await expect(rename(ann, { number, version: 1, title: 'Mine' })).resolves.toBeUndefined()
})
