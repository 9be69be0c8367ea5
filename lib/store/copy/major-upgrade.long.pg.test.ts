/*
 * A store moves to another major version of PostgreSQL: no program of PostgreSQL that could convert it is at hand, so it is
 * backed up from the old server and restored on the new one. Everything arrives, and the product goes on there.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyChain } from '../../domain/record/chain'
import { quotedName } from '../../domain/text'
import { bench, Switch, switchProcedure } from '../../runner/testing/one-effect'
import { createStore } from '../client'
import { migrate } from '../migrate'
import { createDatabase, databaseUrl } from '../prepare'
import { appendRecordSql, readRecord, readRecordHead } from '../record'
import { startTestStore } from '../testing/database'
import { otherBinaries } from '../testing/other-versions'
import { columnWords } from '../words'
import { takeBackup } from './backup'
import { describeStore, listSequences, listTables } from './catalogue'
import { checkBackup, restoreBackup } from './restore'

let dir = ''
let old: Awaited<ReturnType<typeof startTestStore>>
let next: Awaited<ReturnType<typeof startTestStore>>

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wr-upgrade-'))
  old = await startTestStore()
  next = await startTestStore({ binaries: await otherBinaries(17) })
}, 180_000)
afterAll(async () => {
  await old?.stop()
  await next?.stop()
  rmSync(dir, { recursive: true, force: true })
})

async function on<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return await use(client).finally(() => client.end())
}
const version = (url: string) =>
  on(url, async (c) => (await c.query<{ v: string }>(`SELECT current_setting('server_version') AS v`)).rows[0]?.v)

/** Runs that are over and one that is not, with all that they leave, and a record of some length. */
async function work(url: string): Promise<void> {
  const store = createStore(url)
  const world = new Switch()
  const b = bench({ web: store, runner: store, owner: store, runnerUrl: url }, world, switchProcedure(world, 'SAFE'))
  const runner = b.runner()
  for (let n = 0; n < 3; n += 1) {
    world.on = false
    await b.reaches(await b.start(), ['done'])
  }
  await runner.stop()
  await b.start()
  for (let n = 0; n < 2_500; n += 1)
    await appendRecordSql(store.pool, {
      kind: 'incident.note',
      actor: { kind: 'service', name: 'Röbin' },
      text: `Note ${n} 🚒 with "quotes", a \\ and a\ttab`,
      incidentNumber: n % 7,
    })
  await b.end()
  await store.close()
}

/** A row in each table that has none yet: what a reference asks for, or a value of the column's type. No trigger checks it. */
async function fillOtherTables(url: string): Promise<string[]> {
  return await on(url, async (client) => {
    await client.query(`SET session_replication_role = replica`)
    // What a reference asks for comes first: a table whose other end is still empty is met again.
    const filled = new Set<string>()
    const tables = await listTables(client)
    for (let before = -1; filled.size > before; ) {
      before = filled.size
      for (const { name } of tables) if (!filled.has(name) && (await fill(client, name))) filled.add(name)
    }
    return [...filled]
  })
}

/** False when a rule of the table, or a reference to an empty one, keeps the row out. */
async function fill(client: pg.Client, name: string): Promise<boolean> {
  if ((await client.query(`SELECT 1 FROM ${quotedName(name)} LIMIT 1`)).rowCount) return true
  const { rows } = await client.query<{
    column: string
    type: string
    label: string | null
    table: string | null
    key: string | null
  }>(
    `SELECT a.attname AS column, format_type(a.atttypid, NULL) AS type, f.table, f.key,
       (SELECT enumlabel FROM pg_enum e WHERE e.enumtypid = a.atttypid ORDER BY enumsortorder LIMIT 1) AS label
     FROM pg_attribute a LEFT JOIN LATERAL (
       SELECT c.confrelid::regclass::text AS table, k.attname AS key
       FROM pg_constraint c CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS pair(mine, theirs)
         JOIN pg_attribute k ON k.attrelid = c.confrelid AND k.attnum = pair.theirs
       WHERE c.contype = 'f' AND c.conrelid = a.attrelid AND c.confrelid <> c.conrelid AND pair.mine = a.attnum LIMIT 1) f ON true
     WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       AND NOT EXISTS (SELECT 1 FROM pg_constraint c
         WHERE c.contype = 'f' AND c.conrelid = a.attrelid AND c.confrelid = c.conrelid AND a.attnum = ANY (c.conkey) AND NOT a.attnotnull)`,
    [quotedName(name)],
  )
  const values: unknown[] = []
  for (const { column, type, label, table, key } of rows) {
    const asked =
      table && key
        ? (await client.query<{ v: unknown }>(`SELECT ${quotedName(key)} AS v FROM ${table} LIMIT 1`)).rows
        : null
    if (asked?.length === 0) return false
    values.push(asked?.[0]?.v ?? columnWords[name]?.[column]?.[0] ?? label ?? samples[type] ?? 'ä\t\\N')
  }
  const places = rows.map(({ type }, i) => `$${i + 1}::${type}`)
  const columns = rows.map(({ column }) => quotedName(column)).join(', ')
  try {
    await client.query(`INSERT INTO ${quotedName(name)} (${columns}) VALUES (${places.join(', ')})`, values)
    return true
  } catch (error) {
    // A table with rules of its own is covered by whoever writes to it.
    if ((error as { code?: string }).code !== '23514') throw error
    return false
  }
}
const samples: Record<string, unknown> = {
  uuid: '01931f2c-0000-7000-8000-000000000001',
  jsonb: '{"a": [1.5, null, "\\u00e4\\t"]}',
  json: '{"a": 1}',
  incident_decided: '{"option": "P1", "title": "t", "reason": "r", "by": {"id": "i", "name": "n"}, "at": 1}',
  integer: 2_000_000_000,
  bigint: '9007199254740993',
  'double precision': 0.1,
  boolean: true,
  bytea: Buffer.from([0, 1, 92, 255]),
  'timestamp with time zone': '2026-11-28T23:59:59.999Z',
  'text[]': ['a', 'b,"c"'],
}

/** A sum over the rows of a table, whatever order they come in. */
const sums = (url: string) =>
  on(url, async (client) => {
    await client.query(`SET TimeZone = 'UTC'`)
    const all: Record<string, string> = {}
    for (const { name } of await listTables(client)) {
      const only = name === 'record_entry' ? `WHERE kind NOT IN ('store.restored', 'run.restored')` : ''
      const { rows } = await client.query<{ sum: string }>(
        `SELECT count(*) || ' ' || md5(COALESCE(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE "C"), '')) AS sum FROM ${quotedName(name)} t ${only}`,
      )
      all[name] = rows[0]?.sum ?? ''
    }
    return all
  })

/** What a restore changes on purpose: what was under way asks a person, and that is recorded. */
const settled = [
  'run',
  'run_step',
  'approval',
  'effect_journal',
  'lease',
  'session',
  'outbox',
  'record_head',
  'timeline_tally',
]

test('a store of PostgreSQL 15 with all that is in it goes on under 17', { timeout: 180_000 }, async () => {
  expect(await version(old.ownerUrl)).toMatch(/^15\./)
  expect(await version(next.ownerUrl)).toMatch(/^17\./)
  await work(old.ownerUrl)
  const filled = await fillOtherTables(old.ownerUrl)
  expect(filled.length).toBeGreaterThan(25)

  const file = join(dir, 'upgrade.backup')
  const taken = await takeBackup(old.ownerUrl, file)
  expect(Object.values(taken.footer.rows).filter((n) => n > 0).length).toBe(filled.length)
  const adminUrl = databaseUrl(next.ownerUrl, 'postgres')
  const report = await restoreBackup({
    backup: await checkBackup(file),
    adminUrl,
    database: 'warroom',
    expected: [],
    create: async (name, migrations) => {
      await createDatabase(adminUrl, name)
      await migrate(databaseUrl(adminUrl, name), { only: migrations })
    },
  })

  // Functions, triggers, constraints, indexes and grants are word for word those of the old store.
  expect(report.differences).toEqual([])
  const described = await on(next.ownerUrl, describeStore)
  expect(described).toEqual(await on(old.ownerUrl, describeStore))
  for (const kind of ['function', 'trigger', 'constraint', 'index', 'sequence'])
    expect(described.some((line) => line.startsWith(`${kind} `))).toBe(true)
  expect(described.some((line) => /^table record_entry .* to .*warroom_\w+=SELECT/.test(line))).toBe(true)

  // Every row of every table, migrations included.
  expect(report.rows).toEqual(taken.footer.rows)
  const [before, after] = [await sums(old.ownerUrl), await sums(next.ownerUrl)]
  expect(Object.keys(after)).toEqual(Object.keys(before))
  for (const [name, sum] of Object.entries(before))
    if (!settled.includes(name)) expect(`${name} ${after[name]}`).toBe(`${name} ${sum}`)
  expect(report.settled.runs.length).toBeGreaterThan(0)

  // No number is given out twice.
  expect(await on(next.ownerUrl, listSequences)).toEqual(taken.footer.sequences)

  // The chain goes on from where it was, and the migrations are done.
  const store = createStore(next.ownerUrl)
  const verdict = await verifyChain(readRecord(store), await readRecordHead(store))
  expect(verdict).toMatchObject({ whole: true, entries: taken.footer.head.n + 1 + report.settled.runs.length })
  expect(await migrate(next.ownerUrl)).toEqual([])

  const world = new Switch()
  const b = bench(
    { web: store, runner: store, owner: store, runnerUrl: next.ownerUrl },
    world,
    switchProcedure(world, 'SAFE'),
  )
  b.runner()
  const run = await b.reaches(await b.start({ resources: ['new'] }), ['done'])
  expect(Number(run.effects[0]?.id)).toBeGreaterThan(3)
  await b.end()
  await store.close()
})
