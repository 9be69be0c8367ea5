/*
 * Somebody asks later who did what: the trail finds the few acts of people among the many entries of incidents and runs.
 */
import { expect, it } from 'vitest'
import type { Actor } from '../domain/actor'
import { type AuditQuery, readAuditSearch } from '../domain/record/audit'
import { readAudit } from './audit'
import { appendRecordSql } from './record'
import { databasePerTest } from './testing/database'

const database = databasePerTest()
const ann: Actor = { kind: 'person', id: 'a', name: 'Ann Lee' }
const runner: Actor = { kind: 'runner', name: 'r-1', epoch: 1 }
const say = (kind: string, text: string, actor: Actor, of: { incidentNumber?: number; runId?: string } = {}) =>
  appendRecordSql(database().owner.pool, { kind, actor, text, ...of })
const ask = (query: Partial<AuditQuery>, limit = 50) =>
  readAudit(database().web, { part: null, search: '', incident: null, before: null, ...query }, limit)
const texts = async (query: Partial<AuditQuery>) => (await ask(query)).entries.map(({ text }) => text)

async function aBusyDay() {
  await say('person.added', 'Bo was added.', ann)
  await say('incident.declared', 'Declared SEV1', ann, { incidentNumber: 4 })
  for (let i = 0; i < 5; i++) await say('effect.intent', `effect ${i}`, runner, { runId: 'run-1', incidentNumber: 4 })
  await say('approval.given', 'Approved: 100% of it', ann, { runId: 'run-1', incidentNumber: 4 })
  await say('account.shown', 'Ann viewed the account number of AWS Support.', ann)
  await say('wall.link-created', 'A link to the wall was made: Room 1.', ann)
}

it('is read by part, by words, by person and by incident, newest first', async () => {
  await aBusyDay()
  expect(await texts({ part: 'access' })).toEqual(['Ann viewed the account number of AWS Support.', 'Bo was added.'])
  expect(await texts({ part: 'settings' })).toEqual(['A link to the wall was made: Room 1.'])
  expect(await texts({ part: 'approvals' })).toEqual(['Approved: 100% of it'])
  expect(await texts({ part: 'runs' })).toHaveLength(5)
  expect(await texts(readAuditSearch('0% of'))).toEqual(['Approved: 100% of it'])
  expect(await texts({ ...readAuditSearch('ann lee'), part: 'incidents' })).toEqual(['Declared SEV1'])
  expect(await texts(readAuditSearch('inc-4'))).toHaveLength(7)
  expect((await ask({ part: 'approvals' })).entries[0]).toMatchObject({
    who: 'Ann Lee',
    person: true,
    incident: 4,
    runId: 'run-1',
  })
  expect((await ask({ part: 'runs' })).entries[0]).toMatchObject({ who: 'The runner', person: false })
})

it('goes back by page without a gap or a repeat', async () => {
  await aBusyDay()
  const all = (await ask({})).entries.map(({ n }) => n)
  const paged: number[] = []
  for (let before: number | null = null; ; ) {
    const page = await ask({ before }, 3)
    paged.push(...page.entries.map(({ n }) => n))
    if (page.before === null) break
    before = page.before
  }
  expect(paged).toEqual(all)
})

it('finds the rare acts by an index of their own among thousands of others', async () => {
  const { pool } = database().web
  await database().owner.pool.query(
    `SELECT record_append(jsonb_build_object('kind', 'effect.intent', 'actor', $1::jsonb, 'text', 'effect ' || i,
       'incidentId', null, 'runId', 'run-1', 'stepId', null, 'evidence', null)::text) FROM generate_series(1, 3000) i`,
    [JSON.stringify(runner)],
  )
  const plans: string[] = []
  const explaining = {
    query: async (sql: string, values: unknown[]) => {
      const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, values)
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
      return { rows: [] }
    },
  } as unknown as typeof pool
  await readAudit({ pool: explaining }, { part: 'access', search: '', incident: null, before: null }, 50)
  expect(plans[0]).toContain('record_entry_audit_idx')
})
