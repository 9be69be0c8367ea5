import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterEach, beforeEach, inject } from 'vitest'
import type { EnvironmentStamp } from '../../lib/domain/store-environments'
import { createStore, type Store } from '../../lib/store/client'
import { appUrl, databaseUrl, prepareStore } from '../../lib/store/prepare'
import { startScratchServer } from './server'

export interface TestDatabase {
  /** As the app's role: what DATABASE_URL would be. */
  url: string
  /** As the owner of the tables. */
  ownerUrl: string
  /** Opened as the app's role; closed by `drop`. */
  store: Store
  /** Writes past the store's own rules, as its owner: a state whose way there is not what the test is about. */
  force(text: string, values?: unknown[]): Promise<void>
  /** Drops the database. Throws when anything but `store` still holds a connection. */
  drop(): Promise<void>
}

/** A migrated database of its own, copied from the template. For *.pg.test.ts only. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = inject('postgresAdminUrl')
  const name = `test_${randomBytes(6).toString('hex')}`
  await asAdmin(adminUrl, (admin) => admin.query(`CREATE DATABASE ${name} TEMPLATE warroom_template`))
  const ownerUrl = databaseUrl(adminUrl, name)
  const url = appUrl(ownerUrl, inject('postgresAppPassword'))
  const store = createStore(url)
  return {
    url,
    ownerUrl,
    store,
    force: (text, values = []) =>
      asAdmin(ownerUrl, async (owner) => {
        await owner.query('SET session_replication_role = replica')
        await owner.query(text, values)
      }),
    async drop() {
      await store.close()
      const left = await asAdmin(adminUrl, async (admin) => {
        const still = await connectionsLeft(admin, name)
        await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
        return still
      })
      if (left.length > 0) throw new Error(`The test left connections to its database open: ${left.join('; ')}`)
    },
  }
}

/** Gives each test of a file its own database: `const database = databasePerTest()`, then `database().store`. */
export function databasePerTest(): () => TestDatabase {
  let current: TestDatabase | null = null
  beforeEach(async () => {
    current = await createTestDatabase()
  })
  afterEach(async () => {
    await current?.drop()
    current = null
  })
  return () => {
    if (!current) throw new Error('databasePerTest() answers inside a test only.')
    return current
  }
}

/** A server and store of its own, for tests outside the pg project (lab, end to end, benchmarks). */
export async function startTestStore(
  how: Parameters<typeof startScratchServer>[0] & { environment?: EnvironmentStamp } = {},
): Promise<{
  url: string
  ownerUrl: string
  store: Store
  stop(): Promise<void>
}> {
  const server = await startScratchServer(how)
  const appPassword = randomBytes(16).toString('hex')
  const { databaseUrl: url, ownerUrl } = await prepareStore({
    adminUrl: server.url,
    appPassword,
    environment: how.environment,
  })
  const store = createStore(url)
  return {
    url,
    ownerUrl,
    store,
    async stop() {
      await store.close()
      await server.stop()
    },
  }
}

/** What connections of others to `name` remain after a second in which closing ones may go. */
async function connectionsLeft(admin: pg.Client, name: string): Promise<string[]> {
  const deadline = Date.now() + 1_000
  for (;;) {
    const { rows } = await admin.query<{ what: string }>(
      `SELECT application_name || ': ' || left(query, 120) AS what FROM pg_stat_activity WHERE datname = $1`,
      [name],
    )
    if (rows.length === 0 || Date.now() > deadline) return rows.map((row) => row.what)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function asAdmin<T>(url: string, act: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    return await act(admin)
  } finally {
    await admin.end()
  }
}
