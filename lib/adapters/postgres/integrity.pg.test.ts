/** What tells of damage, asked of a real server: what is read is exact, what cannot be read says why, and nothing is changed. */
import { beforeAll, expect, test } from 'vitest'
import type { DatabaseProbe } from '../../ports/database'
import { createPostgres } from './index'
import { ownDatabase } from './testing-database'

const { name, password, address, own } = ownDatabase('integrity')
const database = createPostgres({ user: name, password, database: name, tls: 'disable' })

beforeAll(async () => {
  await own.query(`CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users SELECT i, 'n' FROM generate_series(1, 50) i;
    CREATE TABLE walled (id int); ALTER TABLE walled ENABLE ROW LEVEL SECURITY;
    GRANT SELECT, INSERT ON users TO ${name}; GRANT SELECT ON walled TO ${name};
    CREATE FUNCTION adds() RETURNS int LANGUAGE sql AS 'INSERT INTO users VALUES (99, NULL) RETURNING id'`)
})

async function asked<T>(queryMs: number, ask: (probe: DatabaseProbe) => Promise<T>, at = address): Promise<T> {
  const probe = database.probe('p', at, { connectMs: 3_000, queryMs })
  try {
    return await ask(probe)
  } finally {
    await probe.close()
  }
}
const look = (known: string[] = []) => asked(2_000, (probe) => probe.dataLook(['users', 'absent'], known))
const count = (tables: string[], invariants: Record<string, string>, queryMs = 2_000) =>
  asked(queryMs, (probe) =>
    probe.countData({ tables, invariants: Object.entries(invariants).map(([of, sql]) => ({ name: of, sql })) }),
  )

test('a look tells a table truncated, renamed, altered and dropped by the catalogue, while it is locked', async () => {
  const [before] = (await look()).tables
  if (!before) throw new Error('the table is not seen')
  expect(before).toMatchObject({
    name: 'users',
    columns: [
      { number: 1, name: 'id' },
      { number: 2, name: 'name' },
    ],
  })
  await own.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE')
  expect((await look([before.oid])).tables).toMatchObject([{ oid: before.oid, file: before.file }])
  await own.query('ROLLBACK; CREATE TABLE copy AS TABLE users; TRUNCATE users; INSERT INTO users TABLE copy')
  const after = (await look([before.oid])).tables[0]
  expect(after?.oid).toBe(before.oid)
  expect(after?.file).not.toBe(before.file)
  await own.query('ALTER TABLE users RENAME TO people')
  expect(await look([before.oid])).toMatchObject({ tables: [], names: { [before.oid]: 'people' } })
  await own.query('ALTER TABLE people RENAME TO users')
  await own.query('DROP TABLE copy')
  expect((await look([before.oid, '1'])).names).toEqual({ [before.oid]: 'users' })
})

test('counts are exact; a table that is missing, and rows that are hidden, say so and are never fewer rows', async () => {
  const { tables } = await count(['users', 'absent', 'walled'], {})
  expect(tables).toMatchObject([
    { name: 'users', result: { rows: 50 } },
    { name: 'absent', result: { code: '42P01' } },
    { name: 'walled', result: { code: '42501' } },
  ])
})

test('an invariant is counted up to a thousand rows, fails by itself, ends in its time and changes nothing', async () => {
  const { invariants } = await count(
    [],
    {
      holds: 'SELECT 1 FROM users WHERE id < 0',
      broken: 'SELECT 1 FROM users WHERE id <= 3 -- a comment',
      many: 'SELECT 1 FROM generate_series(1, 5000)',
      wrong: 'SELECT no_such_column FROM users',
      slow: 'SELECT pg_sleep(60)',
      writes: 'SELECT adds()',
      last: 'WITH x AS (SELECT id FROM users) SELECT 1 FROM x WHERE id = 1',
    },
    1_000,
  )
  expect(
    Object.fromEntries(invariants.map((one) => [one.name, 'rows' in one.result ? one.result.rows : one.result.code])),
  ).toEqual({ holds: 0, broken: 3, many: 1000, wrong: '42703', slow: '57014', writes: '25006', last: 1 })
  expect((await own.query('SELECT count(*)::int AS n FROM users')).rows).toEqual([{ n: 50 }])
})

test('indexes are checked one after another; without the extension or the right to use it that is said', async () => {
  const check = (after: string | null, tables = ['users', 'absent']) =>
    asked(2_000, (probe) => probe.checkIndex(tables, after))
  await expect(check(null)).rejects.toMatchObject({
    errorClass: 'config',
    message: expect.stringMatching(/not installed/),
  })
  await own.query(`CREATE EXTENSION amcheck; CREATE INDEX users_name ON users (name);
    CREATE INDEX users_hash ON users USING hash (name); CREATE UNLOGGED TABLE passing (id int PRIMARY KEY)`)
  await expect(check(null)).rejects.toMatchObject({ errorClass: 'auth' })
  await own.query(`GRANT EXECUTE ON FUNCTION bt_index_check(regclass) TO ${name}`)
  const first = await check(null)
  expect(first).toEqual({ of: 2, index: 'users_pkey', result: 'sound' })
  expect(await check(first.index)).toEqual({ of: 2, index: 'users_name', result: 'sound' })
  expect(await check('users_name')).toMatchObject({ index: 'users_pkey' })
  expect(await check('dropped_meanwhile')).toMatchObject({ index: 'users_pkey' })
  expect(await check(null, ['passing', 'absent'])).toEqual({ of: 0, index: null, result: 'sound' })
})

test('an index whose order is wrong is told by its SQLSTATE; one that is locked is not known', async () => {
  // An order that changes under the index: what a new collation version, or a broken page with a good checksum, does.
  await own.query(`CREATE TABLE sorted (i int4); INSERT INTO sorted SELECT generate_series(1, 1000);
    CREATE FUNCTION int4_asc(a int4, b int4) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN $1 = $2 THEN 0 WHEN $1 > $2 THEN 1 ELSE -1 END';
    CREATE OPERATOR CLASS int4_fickle FOR TYPE int4 USING btree AS
      OPERATOR 1 < (int4, int4), OPERATOR 2 <= (int4, int4), OPERATOR 3 = (int4, int4), OPERATOR 4 >= (int4, int4),
      OPERATOR 5 > (int4, int4), FUNCTION 1 int4_asc(int4, int4);
    CREATE INDEX sorted_i ON sorted USING btree (i int4_fickle)`)
  const check = () => asked(2_000, (probe) => probe.checkIndex(['sorted'], null))
  expect(await check()).toEqual({ of: 1, index: 'sorted_i', result: 'sound' })
  await own.query('BEGIN; LOCK TABLE sorted IN ACCESS EXCLUSIVE MODE')
  expect(await check()).toMatchObject({ index: 'sorted_i', result: { code: '55P03' } })
  await own.query(`ROLLBACK; CREATE OR REPLACE FUNCTION int4_asc(a int4, b int4) RETURNS int LANGUAGE sql IMMUTABLE AS
    'SELECT CASE WHEN $1 = $2 THEN 0 WHEN $1 < $2 THEN 1 ELSE -1 END'`)
  expect(await check()).toMatchObject({ index: 'sorted_i', result: { code: 'XX002' } })
})

test('a server that is away is an error of its own, not a failed count', async () => {
  const nowhere = { host: '127.0.0.1', port: 1 }
  await expect(
    asked(1_000, (probe) => probe.countData({ tables: ['users'], invariants: [] }), nowhere),
  ).rejects.toMatchObject({ errorClass: 'unreachable' })
})
