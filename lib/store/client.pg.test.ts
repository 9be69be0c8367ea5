/*
 * The store as the app meets it: under its own role, with limits, and saying in one way that it does not answer.
 */
import getPort from 'get-port'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { databasePerTest } from '../../bin/testing/database'
import { createStore, type Store, storeError } from './client'
import { restrictedTables } from './grants'
import { migrate } from './migrate'
import { inTransaction } from './transaction'

const database = databasePerTest()
const opened: Store[] = []
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
})

const unavailable = expect.objectContaining({ code: 'store-unavailable' })

describe('the store', () => {
  it('rolls everything back when the transaction throws', async () => {
    const { store } = database()
    await expect(
      inTransaction(store, async (tx) => {
        await tx.account.create({ data: { login: 'a@example.org', name: 'A', role: 'viewer' } })
        throw new Error('changed my mind')
      }),
    ).rejects.toThrow('changed my mind')
    expect(await store.prisma.account.count()).toBe(0)
  })

  it('says in one way that nothing listens at its address', async () => {
    const store = createStore(`postgresql://warroom_app:x@127.0.0.1:${await getPort()}/warroom`)
    opened.push(store)
    await expect(store.prisma.account.count()).rejects.toEqual(unavailable)
    await expect(inTransaction(store, (tx) => tx.account.count())).rejects.toEqual(unavailable)
    await expect(store.prisma.$queryRaw`SELECT 1`).rejects.toEqual(unavailable)
    const raw = await store.pool.query('SELECT 1').catch(storeError)
    expect(raw).toEqual(unavailable)
  })

  it('gives up a statement after its limit, and says that the store does not answer', async () => {
    const store = createStore(database().url, { statementMs: 100 })
    opened.push(store)
    await expect(store.prisma.$queryRaw`SELECT pg_sleep(20)`).rejects.toEqual(unavailable)
  })

  it('comes back by itself after its connections were cut', async () => {
    const { store, ownerUrl } = database()
    await store.prisma.account.count()
    const owner = new pg.Client({ connectionString: ownerUrl })
    await owner.connect()
    await owner.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    await owner.end()
    await expect
      .poll(() => store.prisma.account.count().catch(() => 'no answer'), { timeout: 5_000, interval: 20 })
      .toBe(0)
  })

  it('leaves errors that are ours alone', async () => {
    const { store } = database()
    const data = { login: 'a@example.org', name: 'A', role: 'viewer' } as const
    await store.prisma.account.create({ data })
    await expect(store.prisma.account.create({ data })).rejects.toMatchObject({ code: 'P2002' })
  })
})

describe("the app's role", () => {
  it('may not create, alter or drop tables', async () => {
    const { store } = database()
    await expect(store.pool.query('CREATE TABLE mine (id int)')).rejects.toMatchObject({ code: '42501' })
    await expect(store.pool.query('DROP TABLE account')).rejects.toMatchObject({ code: '42501' })
  })

  it('may only read from and add to a new table until rights are granted on it', async () => {
    const { store, ownerUrl } = database()
    const owner = new pg.Client({ connectionString: ownerUrl })
    await owner.connect()
    const name = 'probe_of_default_rights'
    await owner.query(`CREATE TABLE ${name} (id int)`)
    await owner.end()
    await store.pool.query(`INSERT INTO ${name} VALUES (1)`)
    for (const statement of [`UPDATE ${name} SET id = 2`, `DELETE FROM ${name}`, `TRUNCATE ${name}`])
      await expect(store.pool.query(statement), statement).rejects.toMatchObject({ code: '42501' })
  })

  it('has no more than the listed rights on restricted tables, also after another migration run', async () => {
    const { store, ownerUrl } = database()
    await migrate(ownerUrl)
    const { rows } = await store.pool.query<{ name: string; rights: string }>(
      `SELECT c.relname AS name, (SELECT string_agg(r, ', ' ORDER BY n) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE',
         'DELETE', 'TRUNCATE']) WITH ORDINALITY AS a(r, n) WHERE has_table_privilege(c.oid, r)) AS rights
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'`,
    )
    expect(rows.length).toBeGreaterThan(Object.keys(restrictedTables).length)
    for (const { name, rights } of rows)
      expect([name, rights]).toEqual([name, restrictedTables[name] ?? 'SELECT, INSERT, UPDATE, DELETE'])
  })
})

describe('migrating', () => {
  it('changes nothing the second time', async () => {
    expect(await migrate(database().ownerUrl)).toEqual([])
  })

  it('lets two starts at once wait for each other', async () => {
    const { ownerUrl } = database()
    const owner = new pg.Client({ connectionString: ownerUrl })
    await owner.connect()
    await owner.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    await owner.end()
    const applied = await Promise.all([migrate(ownerUrl), migrate(ownerUrl)])
    expect(applied.map((names) => names.length > 0).sort()).toEqual([false, true])
  })

  it('refuses a store that a newer version migrated', async () => {
    const { ownerUrl } = database()
    const owner = new pg.Client({ connectionString: ownerUrl })
    await owner.connect()
    await owner.query(
      `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
       VALUES ('later', 'x', now(), '29990101000000_later', now(), 1)`,
    )
    await owner.end()
    await expect(migrate(ownerUrl)).rejects.toThrow(/newer version/)
  })
})
