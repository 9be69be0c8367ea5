/*
 * A store that the version before kept, without references from effects to steps and without checks of words. It is migrated with
 * all that is in it; a row that refers to nothing, or says what the domain does not know, ends the migration and is named.
 */

import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest'
import { quotedName } from '../domain/text'
import { listTables } from './copy/catalogue'
import { migrate } from './migrate'
import { databaseUrl } from './prepare'
import { readMigrations } from './schema-engine'

const thisMigration = '20261129004000_what_belongs_to_what'
const filledOnce = `before_${randomBytes(6).toString('hex')}`
let url = ''
let owner: pg.Client

const asAdmin = async (sql: string) => {
  const admin = new pg.Client({ connectionString: inject('postgresAdminUrl') })
  await admin.connect()
  await admin.query(sql).finally(() => admin.end())
}
const connectTo = async (database: string) => {
  const client = new pg.Client({ connectionString: databaseUrl(inject('postgresAdminUrl'), database) })
  await client.connect()
  return client
}

beforeAll(async () => {
  await asAdmin(`CREATE DATABASE ${filledOnce}`)
  const { migrationDirectories } = await readMigrations()
  const earlier = migrationDirectories.map(({ path }) => path).filter((path) => path < thisMigration)
  await migrate(databaseUrl(inject('postgresAdminUrl'), filledOnce), { only: earlier })
  const client = await connectTo(filledOnce)
  await client.query(filled).finally(() => client.end())
})
afterAll(() => asAdmin(`DROP DATABASE ${filledOnce} WITH (FORCE)`))
beforeEach(async () => {
  const name = `${filledOnce}_${randomBytes(3).toString('hex')}`
  await asAdmin(`CREATE DATABASE ${name} TEMPLATE ${filledOnce}`)
  url = databaseUrl(inject('postgresAdminUrl'), name)
  owner = await connectTo(name)
})
afterEach(async () => {
  await owner.end()
  await asAdmin(`DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`)
})

const filled = `
  INSERT INTO environment (name, kind, stamped_at) VALUES ('lab', 'lab', now()), ('other', 'lab', now());
  INSERT INTO account (id, login, name, role) VALUES ('00000000-0000-4000-8000-000000000001', 'kai', 'Kai', 'approver');
  INSERT INTO incident (environment, title, kind, severity, scenario, symptoms, status, status_times, impact_started_at, declared_at, declared_by_id, declared_by_name)
    SELECT 'lab', 'Writes fail', 'real', 'SEV1', 'S1', '[]', 'triage', '[]', now(), now(), 'kai', 'Kai' FROM generate_series(1, 2);
  UPDATE incident SET merged_into = 1, status = 'merged' WHERE number = 2;
  INSERT INTO run (id, procedure_id, procedure_version, title, mode, environment, environment_kind, cluster, incident_id, reason, two_persons,
      inputs, facts, checks, state, sentence, started_by_id, started_by_name, started_at)
    VALUES ('r1', 'primary-failover', 1, 'Failover', 'drill', 'lab', 'lab', 'c', '1', 'a drill', true, '{}', '{}', '[]', 'done', 'Done.', 'kai', 'Kai', now()),
      ('r2', 'primary-failover', 1, 'Failover', 'real', 'lab', 'lab', 'c', NULL, 'no incident', true, '{}', '{}', '[]', 'running', '', 'kai', 'Kai', now());
  INSERT INTO run_step (run_id, index, step_id, title, effect, definition_hash, state, sentence, output)
    VALUES ('r1', 0, 'fail-over', 'Fail over', 'DANGEROUS', 'h', 'confirmed', '', '{}');
  UPDATE run SET current_step_id = 'fail-over' WHERE id = 'r1';
  INSERT INTO approval (id, run_id, step_id, digest, title, shown, bound, covers, type_to_confirm, state, requested_at, expires_at)
    VALUES ('a1', 'r1', 'fail-over', 'd', 't', '{}', '{}', '[]', '', 'approved', now(), now());
  INSERT INTO effect_journal (run_id, step_id, attempt, direction, call, cli, digest, runner, epoch, intended_at, app_ms, outcome, approval_id)
    VALUES ('r1', 'fail-over', 1, 'do', '{}', '', '', 'x', 1, now(), 1, 'accepted', 'a1');
  INSERT INTO run_output (run_id, n, at, kind, text, step_id) VALUES ('r1', 1, now(), 'says', 'x', 'fail-over'), ('r1', 2, now(), 'says', 'x', NULL);
  INSERT INTO checklist_item (number, key, state, says) VALUES (1, 'connectivity', 'pass', '');
  INSERT INTO checklist_evidence (id, number, key, at, request, result, sha256) VALUES ('e1', 1, 'connectivity', now(), '', '', '');
  SELECT record_append('{"kind": "incident.note", "actor": {"kind": "collector"}, "text": "x", "incidentId": "1"}');
  INSERT INTO timeline_mark (number, n, pinned, corrected_by) VALUES (1, 1, true, 1);
  INSERT INTO sent_key (number, key, n) VALUES (1, 'k', 1);
  INSERT INTO page (id, environment, number, level, channel, message, asked_by_id, asked_by_name, asked_at)
    VALUES ('p1', 'lab', 1, 'L1', 'slack', 'Join', 'kai', 'Kai', now());
  INSERT INTO outbox (id, environment, number, about, channel, payload, state, next_at) VALUES ('page-p1', 'lab', 1, 'p1', 'slack', '{}', 'sent', now());
  INSERT INTO mark (environment, at, kind, text) VALUES ('lab', now(), 'event', 'x')`

/** Every row of every table, but for columns with nothing in them, the history of migrations and what is generated. */
async function allRows(): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {}
  for (const { name } of await listTables(owner)) {
    if (name.startsWith('_') || name.startsWith('rule_')) continue
    const { rows } = await owner.query(
      `SELECT jsonb_strip_nulls(to_jsonb(t)) - 'incident_number' AS row FROM ${quotedName(name)} t ORDER BY t::text`,
    )
    found[name] = rows
  }
  return found
}
/** The same without tables that are new by now and have nothing in them. */
const rowsKept = async (before: Record<string, unknown[]>) =>
  Object.fromEntries(Object.entries(await allRows()).filter(([name, rows]) => name in before || rows.length > 0))

it('is migrated with every row that it has, and runs know the number of their incident', async () => {
  const before = await allRows()
  expect(Object.values(before).filter((rows) => rows.length > 0).length).toBeGreaterThan(15)
  expect(await migrate(url)).toContain(thisMigration)
  expect(await rowsKept(before)).toEqual(before)
  const { rows } = await owner.query('SELECT id, incident_number FROM run ORDER BY id')
  expect(rows).toEqual([
    { id: 'r1', incident_number: 1 },
    { id: 'r2', incident_number: null },
  ])
})

it.each([
  [
    `UPDATE effect_journal SET step_id = 'gone'`,
    /row of effect_journal refers to a row of run_step that is not there.*"gone"/,
  ],
  [`UPDATE approval SET step_id = 'gone'`, /row of approval refers to a row of run_step that is not there.*"gone"/],
  [`UPDATE run SET current_step_id = 'gone' WHERE id = 'r2'`, /row of run refers to a row of run_step.*"gone"/],
  [`UPDATE run SET incident_id = '77' WHERE id = 'r2'`, /row of run refers to a row of incident.*77/],
  [`UPDATE run SET incident_id = 'INC-7' WHERE id = 'r2'`, /Run r2 names an incident by something that is no number/],
  [`UPDATE incident SET environment = 'other' WHERE number = 2`, /row of incident refers to a row of incident.*other/],
  [`UPDATE checklist_evidence SET key = 'performance'`, /row of checklist_evidence refers to a row of checklist_item/],
  [`UPDATE timeline_mark SET n = 99`, /row of timeline_mark refers to a row of record_entry.*99/],
  [`UPDATE timeline_mark SET corrected_by = 99`, /row of timeline_mark refers to a row of record_entry.*99/],
  [`UPDATE sent_key SET n = 99`, /row of sent_key refers to a row of record_entry.*99/],
  [`UPDATE account_change SET by_id = gen_random_uuid()`, /row of account_change refers to a row of account /],
  [`UPDATE run SET mode = 'rehearsal' WHERE id = 'r2'`, /row of run has a mode that is none of real, drill, dry-run/],
])('is not migrated where a row is wrong, which is named: %s', async (wrong, named) => {
  await owner.query(wrong)
  const before = await allRows()
  await expect(migrate(url)).rejects.toThrow(named)
  expect(await rowsKept(before)).toEqual(before)
})

it('is migrated as soon as the row that was wrong is mended', async () => {
  await owner.query(`UPDATE approval SET step_id = 'gone'`)
  await expect(migrate(url)).rejects.toThrow(/nothing of it was applied/)
  await owner.query(`UPDATE approval SET step_id = 'fail-over'`)
  expect(await migrate(url)).toContain(thisMigration)
})
