/*
 * The store as web and runner meet it: under a role of their own, with limits, and saying in one way that it does not answer.
 */
import getPort from 'get-port'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { createStore, type Store, storeError } from './client'
import { migrate } from './migrate'
import { databasePerTest } from './testing/database'
import { inTransaction } from './transaction'

const database = databasePerTest()
const opened: Store[] = []
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
})

const at = new Date()
const alert = {
  id: 'a',
  environment: 'lab',
  source: 'alertmanager',
  fingerprint: 'f',
  title: 't',
  firstAt: at,
  lastAt: at,
}
const unavailable = expect.objectContaining({ code: 'store-unavailable' })

describe('the store', () => {
  it('rolls everything back when the transaction throws', async () => {
    const { web: store } = database()
    await expect(
      inTransaction(store, async (tx) => {
        await tx.alert.create({ data: alert })
        throw new Error('changed my mind')
      }),
    ).rejects.toThrow('changed my mind')
    expect(await store.prisma.alert.count()).toBe(0)
  })

  it('says in one way that nothing listens at its address', async () => {
    const store = createStore(`postgresql://warroom_web:x@127.0.0.1:${await getPort()}/warroom`)
    opened.push(store)
    await expect(store.prisma.account.count()).rejects.toEqual(unavailable)
    await expect(inTransaction(store, (tx) => tx.account.count())).rejects.toEqual(unavailable)
    await expect(store.prisma.$queryRaw`SELECT 1`).rejects.toEqual(unavailable)
    const raw = await store.pool.query('SELECT 1').catch(storeError)
    expect(raw).toEqual(unavailable)
  })

  it('gives up a statement after its limit, and says that the store is not responding', async () => {
    const store = createStore(database().webUrl, { statementMs: 100 })
    opened.push(store)
    await expect(store.prisma.$queryRaw`SELECT pg_sleep(20)`).rejects.toEqual(unavailable)
  })

  it('comes back by itself after its connections were cut', async () => {
    const { web: store, ownerUrl } = database()
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
    const { web: store } = database()
    await store.prisma.alert.create({ data: alert })
    await expect(store.prisma.alert.create({ data: alert })).rejects.toMatchObject({ code: 'P2002' })
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
