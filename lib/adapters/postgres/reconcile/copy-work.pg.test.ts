/*
 * A restored copy has the jobs and the outbox of its source. They are put to rest before anybody looks at it, only those that were at
 * work are started again, and statistics are made: on a real server, by the recovery role. Jobs are those of pg_cron by its table.
 */
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import type { RowsCall } from '../../../domain/procedure/call'
import { renderCall } from '../../../domain/procedure/render'
import type { CopyWork } from '../../../domain/restore/copy-work'
import { startTwoDatabases, type TwoDatabases } from './testing/two-databases'

const outbox = {
  off: ["UPDATE switches SET is_on = false WHERE name = 'outbox'"],
  on: ["UPDATE switches SET is_on = true WHERE name = 'outbox'"],
  isOn: "SELECT count(*) FROM switches WHERE name = 'outbox' AND is_on",
}
let two: TwoDatabases
beforeAll(async () => {
  two = await startTwoDatabases(
    inject('postgresAdminUrl'),
    'CREATE TABLE switches (name text PRIMARY KEY, is_on boolean NOT NULL); CREATE TABLE plain (id int PRIMARY KEY)',
  )
})
afterAll(() => two.stop())
beforeEach(async () => {
  await two.target.client.query(`DROP SCHEMA IF EXISTS dr_stage CASCADE; DROP SCHEMA IF EXISTS cron CASCADE; TRUNCATE switches;
    INSERT INTO switches VALUES ('outbox', true); CREATE SCHEMA cron; CREATE TABLE cron.job (jobid bigint PRIMARY KEY, active boolean NOT NULL);
    INSERT INTO cron.job VALUES (1, true), (2, false), (3, true);
    GRANT USAGE ON SCHEMA cron TO ${two.name}; GRANT SELECT, UPDATE ON cron.job TO ${two.name}`)
})
const call = (work: CopyWork): RowsCall => ({
  ...{ kind: 'rows', user: two.name, batch: 'copy', target: two.target.address, work, limitMs: 60_000 },
})
const atWork = () => two.reconciler.atWork(two.target.address, outbox.isOn)

test('jobs and outbox are put to rest, and those that were at work are started again', async () => {
  expect(await atWork()).toMatchObject({ jobs: ['1', '3'], outboxOn: true, hidden: false, resting: null })
  const rest = call({ action: 'rest', outbox })
  expect(renderCall(rest)).toContain('UPDATE cron.job SET active = false WHERE active')
  await two.send(rest)
  const resting = { jobs: ['1', '3'], subscriptions: [] }
  expect(await atWork()).toMatchObject({ jobs: [], outboxOn: false, resting })
  // Sent again after a lost answer, it forgets nothing of what was at work.
  await two.send(rest)
  expect(await atWork()).toMatchObject({ jobs: [], resting })
  await two.send(call({ action: 'wake', outbox }))
  expect(await atWork()).toMatchObject({ jobs: ['1', '3'], outboxOn: true })
})

test('a statement of the application that fails leaves everything at work', async () => {
  const broken = { ...outbox, off: [...outbox.off, 'UPDATE nothing SET a = 1'] }
  await expect(two.send(call({ action: 'rest', outbox: broken }))).rejects.toThrow('lacks a table')
  expect(await atWork()).toMatchObject({ jobs: ['1', '3'], outboxOn: true, resting: null })
})

test('a copy without jobs is at rest, and jobs that the role may not see are not taken for none', async () => {
  await two.target.client.query('ALTER TABLE cron.job ENABLE ROW LEVEL SECURITY')
  expect(await atWork()).toMatchObject({ jobs: [], hidden: true })
  await two.target.client.query('DROP SCHEMA cron CASCADE')
  await two.send(call({ action: 'rest', outbox: null }))
  expect(await two.reconciler.atWork(two.target.address, null)).toEqual({
    ...{ jobs: [], subscriptions: [], outboxOn: false, hidden: false },
    resting: { jobs: [], subscriptions: [] },
  })
})

test('statistics are made of every table that the role may', async () => {
  await two.target.client.query(`ALTER TABLE plain OWNER TO ${two.name}`)
  expect(await two.reconciler.unanalyzed(two.target.address, ['plain', 'unheard'])).toBe(1)
  await two.send(call({ action: 'analyze' }))
  await expect.poll(() => two.reconciler.unanalyzed(two.target.address, ['plain', 'unheard'])).toBe(0)
})
