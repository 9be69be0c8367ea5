/** Damage to the data, seen by SQL on the writer and on a reader, and healed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Address } from '../contract'
import { withClient } from '../postgres/sql'
import { startTestLab, type TestLab } from '../testing'

let lab: TestLab
beforeAll(async () => {
  lab = await startTestLab({ basePort: 26_100, speedup: 100 })
})
afterAll(() => lab?.end())

const cluster = () => lab.lab.context.cluster
const sql = <T extends object>(text: string, address: Address = cluster().writerEndpoint) =>
  withClient(
    address,
    { user: 'warroom', password: lab.lab.secrets.warroomPassword, database: cluster().databaseName },
    async (client) => (await client.query<T>(text)).rows,
  )
const sum = async (table: string, address?: Address) =>
  (
    await sql<{ sum: string }>(
      `SELECT count(*) || md5(string_agg(t::text, '|' ORDER BY id)) AS sum FROM ${table} t`,
      address,
    )
  )[0]?.sum
const count = async (table: string, address?: Address) =>
  Number((await sql<{ n: string }>(`SELECT count(*) AS n FROM ${table}`, address))[0]?.n)

test('deleted rows are gone on every node, and healing brings exactly them back', async () => {
  const before = await sum('castings')
  await lab.lab.startFault('delete-rows', 'castings', { percent: 50 })
  expect(await count('castings')).toBe(1000)
  await expect.poll(() => count('castings', cluster().readerEndpoint), { timeout: 10_000 }).toBe(1000)
  await lab.lab.heal('delete-rows')
  expect(await sum('castings')).toBe(before)
})

test('a dropped table is unknown, and healing makes it anew with its rows, keys, owner and grants', async () => {
  const facts = () =>
    sql(`SELECT relowner::regrole::text AS owner, (SELECT array_agg(pg_get_constraintdef(oid) ORDER BY conname) FROM pg_constraint WHERE conrelid = c.oid) AS keys,
      (SELECT array_agg(privilege_type::text ORDER BY privilege_type) FROM information_schema.role_table_grants WHERE table_name = relname AND grantee = 'castmatch_app') AS grants
      FROM pg_class c WHERE relname = 'audit_logs'`)
  const [before, was] = [await sum('audit_logs'), await facts()]
  await lab.lab.startFault('drop-table', null, {})
  await expect(count('audit_logs')).rejects.toMatchObject({ code: '42P01' })
  await lab.lab.heal('drop-table')
  expect(await sum('audit_logs')).toBe(before)
  expect(await facts()).toEqual(was)
  const [next] = await sql<{ n: string }>(
    "SELECT last_value AS n FROM pg_sequences WHERE sequencename = 'audit_logs_id_seq'",
  ).catch(() => [])
  expect(Number(next?.n)).toBeGreaterThanOrEqual(3000)
})

test('silently corrupted values raise no error and leave rows whose owner does not exist', async () => {
  const before = await sum('castings')
  await lab.lab.startFault('corrupt-values', null, { percent: 10 })
  expect(await count('castings')).toBe(2000)
  expect(await count('castings c WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = c.owner_id)')).toBe(200)
  await lab.lab.heal('corrupt-values')
  expect(await sum('castings')).toBe(before)
})

test('a damaged page fails its checksum on the writer, while a reader still has it whole', async () => {
  const before = await sum('castings')
  await lab.lab.startFault('corrupt-page', 'castings', {})
  await expect(sum('castings')).rejects.toMatchObject({ code: 'XX001' })
  await expect.poll(() => sum('castings', cluster().readerEndpoint).catch(() => null), { timeout: 10_000 }).toBe(before)
  const failures = () =>
    sql<{ n: string }>("SELECT checksum_failures AS n FROM pg_stat_database WHERE datname = 'castmatch_production'")
  await expect.poll(async () => Number((await failures())[0]?.n), { timeout: 10_000 }).toBeGreaterThan(0)
  await lab.lab.heal('corrupt-page')
  expect(await sum('castings')).toBe(before)
})

test('what was deleted comes back with the whole lab, though its writer died meanwhile', async () => {
  const before = await sum('castings')
  await lab.lab.startFault('delete-rows', 'castings', { percent: 50 })
  await lab.lab.startFault('kill-writer', null, {})
  await lab.lab.heal(null)
  expect(await sum('castings')).toBe(before)
})
