/*
 * A row that refers to nothing, or that says a word which the domain does not know, would be believed by every screen. The
 * store refuses it, whatever code writes it: for each reference and each word, by the catalogue and by the domain's lists.
 */
import { readFileSync } from 'node:fs'
import type { ClientBase } from 'pg'
import { expect, it } from 'vitest'
import { migrate } from './migrate'
import { schemaPath } from './schema-engine'
import { databasePerTest } from './testing/database'
import { columnWords } from './words'

const database = databasePerTest()

interface Column {
  table: string
  name: string
  type: string
  required: boolean
}
interface Reference {
  table: string
  name: string
  columns: string[]
  target: string
  to: string[]
  rule: string
}

const columnsOf = async (client: ClientBase): Promise<Column[]> =>
  (
    await client.query<Column>(
      `SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, NULL) AS type, a.attnotnull AND NOT a.atthasdef AS required
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped`,
    )
  ).rows
const referencesOf = async (client: ClientBase): Promise<Reference[]> =>
  (
    await client.query<Reference>(
      `SELECT c.conrelid::regclass::text AS table, conname AS name, confrelid::regclass::text AS target, pg_get_constraintdef(c.oid) AS rule,
         ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, i) JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY i) AS columns,
         ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k(n, i) JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY i) AS to
       FROM pg_constraint c WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1, 2`,
    )
  ).rows

/** Columns that are worked out from another one. */
const madeFrom: Record<string, Record<string, unknown>> = {
  lease: { environment: { name: 'collector:nowhere' } },
  run: { incident_number: { incident_id: '987' } },
}
const anything: Record<string, unknown> = {
  uuid: '00000000-0000-4000-8000-000000000001',
  jsonb: '{}',
  integer: 987,
  bigint: 987,
  boolean: true,
  bytea: Buffer.alloc(64),
  'timestamp with time zone': new Date(0),
  'text[]': [],
  account_role: 'viewer',
}
const valueFor = ({ table, name, type }: Column): unknown => columnWords[table]?.[name]?.[0] ?? anything[type] ?? 'x'

/** What other rules of a table ask for. */
const beside: Record<string, Record<string, unknown>> = {
  lease: { name: 'collector:nowhere' },
  environment: { stamped_at: new Date(0) },
}

/** Puts a row in that has something in each column that needs it, and `own` in others. */
async function put(client: ClientBase, columns: Column[], table: string, own: Record<string, unknown>): Promise<void> {
  const all: Record<string, unknown> = {
    ...Object.fromEntries(columns.filter((c) => c.table === table && c.required).map((c) => [c.name, valueFor(c)])),
    ...beside[table],
    ...own,
  }
  const names = Object.keys(all)
  await client.query(
    `INSERT INTO ${table} (${names.map((name) => `"${name}"`).join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(all),
  )
}

/** As the owner of the tables, in a transaction that leaves nothing behind. */
async function trying<T>(act: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = await database().owner.pool.connect()
  try {
    await client.query('BEGIN')
    return await act(client)
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}
const refusalOf = (attempt: Promise<void>): Promise<{ code?: string; constraint?: string } | null> =>
  attempt.then(
    () => null,
    ({ code, constraint }: { code?: string; constraint?: string }) => ({ code, constraint }),
  )

it('a row is refused by each reference that would lead to nothing', async () => {
  const columns = await trying(columnsOf)
  const references = await trying(referencesOf)
  expect(references.length).toBeGreaterThan(40)
  for (const { table, name, columns: own } of references) {
    const refused = await trying(async (client) => {
      for (const other of references)
        if (other.table === table && other.name !== name)
          await client.query(`ALTER TABLE ${table} DROP CONSTRAINT "${other.name}"`)
      const values = own.flatMap((at): [string, unknown][] => {
        const source = madeFrom[table]?.[at]
        if (source) return Object.entries(source)
        return columns.filter((c) => c.table === table && c.name === at).map((c) => [at, valueFor(c)])
      })
      return await refusalOf(put(client, columns, table, Object.fromEntries(values)))
    })
    expect([table, name, refused]).toEqual([table, name, { code: '23503', constraint: name }])
  }
})

it('a column takes each word of the domain’s list, and no other', async () => {
  const columns = await trying(columnsOf)
  const answers = await trying(async (client) => {
    // References and triggers aside: only what the column itself may say is asked here.
    await client.query('SET LOCAL session_replication_role = replica')
    const found: { column: string; taken: string[]; refused: string[] }[] = []
    for (const [table, named] of Object.entries(columnWords))
      for (const [column, words] of Object.entries(named)) {
        const [taken, refused]: [string[], string[]] = [[], []]
        for (const word of [...words, ...near(words)]) {
          await client.query('SAVEPOINT attempt')
          const refusal = await refusalOf(put(client, columns, table, { [column]: word }))
          await client.query('ROLLBACK TO attempt')
          if (!refusal) taken.push(word)
          else if (refusal.constraint === `${table}_${column}_words`) refused.push(word)
        }
        found.push({ column: `${table}.${column}`, taken, refused })
      }
    return found
  })
  expect(answers).toEqual(
    Object.entries(columnWords).flatMap(([table, named]) =>
      Object.entries(named).map(([column, words]) => ({
        column: `${table}.${column}`,
        taken: [...words],
        refused: near(words),
      })),
    ),
  )
})

/** What is nearly a word of the list, and what is none at all. */
const near = ([first = '', ...rest]: readonly string[]): string[] => [
  '',
  'no-such-word',
  `${first} `,
  `${first},${rest[0]}`,
]

/** The models of schema.prisma: each with its table, and with its fields in the words of the store. */
function modelsOfSchema() {
  const schema = readFileSync(schemaPath, 'utf8')
  const models = [...schema.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)].map(([, model = '', body = '']) => ({
    model,
    table: /@@map\("(\w+)"\)/.exec(body)?.[1] ?? '',
    fields: [...body.matchAll(/^ {2}(\w+) +(\w+)(\S*)(.*)$/gm)].map(
      ([, field = '', type = '', mark = '', rest = '']) => ({
        column: /@map\("(\w+)"\)/.exec(rest)?.[1] ?? field,
        ...{ field, type, mark, rest },
      }),
    ),
  }))
  const names = new Set(models.map(({ model }) => model))
  return models.map(({ model, table, fields }) => ({
    ...{ model, table },
    columns: fields.filter(({ type }) => !names.has(type)),
    references: fields.filter(({ rest }) => rest.includes('references: [')),
  }))
}

const storedAs: Record<string, string> = {
  String: 'text',
  Int: 'integer',
  BigInt: 'bigint',
  Boolean: 'boolean',
  DateTime: 'timestamp(3) with time zone',
  Json: 'jsonb',
  AccountRole: 'account_role',
}

it('schema.prisma says each column of the store that the client uses, its type, and whether it may be null', async () => {
  const models = modelsOfSchema()
  expect(models.length).toBeGreaterThan(35)
  const { rows } = await database().owner.pool.query<{ table: string; say: string }>(
    `SELECT c.relname AS table, a.attname || ' ' || format_type(COALESCE(NULLIF(t.typbasetype, 0), t.oid), a.atttypmod) || CASE WHEN a.attnotnull THEN '' ELSE '?' END AS say
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped`,
  )
  for (const { table, columns } of models)
    expect([
      table,
      rows
        .filter((row) => row.table === table)
        .map(({ say }) => say)
        .sort(),
    ]).toEqual([
      table,
      columns
        .map(({ column, type, mark, rest }) => {
          const stored = rest.includes('@db.Uuid') ? 'uuid' : storedAs[type]
          return `${column} ${stored}${mark}`
        })
        .sort(),
    ])
})

it('schema.prisma says each reference of the store, by name, columns and what a deletion does, and no other', async () => {
  const models = modelsOfSchema()
  const said = models.flatMap(({ table, columns, references }) =>
    references.map(({ type, rest }) => {
      const other = models.find(({ model }) => model === type)
      const list = (name: string, of: typeof columns | undefined) =>
        (new RegExp(`${name}: \\[([^\\]]+)\\]`).exec(rest)?.[1] ?? '')
          .split(', ')
          .map((at) => of?.find(({ field }) => field === at)?.column)
      const own = list('fields', columns)
      return {
        table,
        name: /map: "(\w+)"/.exec(rest)?.[1] ?? `${table}_${own.join('_')}_fkey`,
        columns: own,
        target: other?.table,
        to: list('references', other?.columns),
        cascades: !rest.includes('onDelete: NoAction'),
      }
    }),
  )
  const kept = (await trying(referencesOf)).filter(({ table }) => models.some((model) => model.table === table))
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
  expect(said.sort(byName)).toEqual(
    kept.map(({ rule, ...reference }) => ({ ...reference, cascades: rule.includes('ON DELETE CASCADE') })).sort(byName),
  )
})

it('a store in which a word is wrong is not migrated, and the row is named', async () => {
  await database().force(
    `INSERT INTO mark (environment, at, kind, text) VALUES ('test', now(), 'step', 'the row that is wrong')`,
  )
  await database().owner.pool.query('ALTER TABLE mark DROP CONSTRAINT mark_kind_words')
  await database().owner.pool.query(`UPDATE mark SET kind = 'odd'`)
  await expect(migrate(database().ownerUrl)).rejects.toThrow(
    /A row of mark has a kind that is none of detection, event, step, fault, deployment: .*the row that is wrong/,
  )
  await database().owner.pool.query(`UPDATE mark SET kind = 'fault'`)
  await expect(migrate(database().ownerUrl)).resolves.toEqual([])
})

it('checks that are there already are left alone: a second migration locks no table for them', async () => {
  const oids = async () =>
    (await database().owner.pool.query(`SELECT oid, conname FROM pg_constraint WHERE contype = 'c' ORDER BY oid`)).rows
  const before = await oids()
  await migrate(database().ownerUrl)
  expect(await oids()).toEqual(before)
})
