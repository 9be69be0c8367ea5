import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { retention } from './retention'

const schema = readFileSync(join(import.meta.dirname, '../../prisma/schema.prisma'), 'utf8')
const models = [...schema.matchAll(/^model (\w+) \{([\s\S]*?)^\}/gm)]
const tables = models.map(([, model, body]) => /@@map\("(\w+)"\)/.exec(body ?? '')?.[1] ?? model ?? '').sort()

test('every table of the schema says how long its rows are kept, and no line is about a table that is gone', () => {
  expect(tables.length).toBeGreaterThan(30)
  expect(Object.keys(retention).sort()).toEqual(tables)
})

test('each line says why', () => {
  for (const [table, { why }] of Object.entries(retention)) expect(`${table}: ${why}`).toMatch(/: .{8,}\.$/)
})

test('what was done, decided and told is kept for good', () => {
  const evidence = [
    ...['record_entry', 'record_head', 'effect_journal', 'approval', 'run', 'run_step', 'run_output'],
    ...['incident', 'incident_lag', 'timeline_mark', 'checklist_evidence', 'page', 'status_update', 'outbox'],
    ...['report_section', 'report_action', 'account'],
  ]
  for (const table of evidence) expect([table, retention[table]?.kept]).toEqual([table, 'for good'])
})
