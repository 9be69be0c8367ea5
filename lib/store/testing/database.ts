import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterEach, beforeEach, inject } from 'vitest'
import type { EnvironmentStamp } from '../../domain/store-environments'
import { createStore, type Store } from '../client'
import { databaseGrants, runnerRole, webRole } from '../grants'
import { databaseUrl, prepareStore, type RolePasswords, roleUrl } from '../prepare'
import { stampForTests, testSecret } from './postgres'
import { startScratchServer } from './scratch-server'

/** A store as each of its roles meets it. What the web does is tested as the web's role, what the runner does as the runner's. */
export interface StoreByRole {
  web: Store
  runner: Store
  /** As the owner of the tables: for setting a scene, and for looking at what the roles may not. */
  owner: Store
}

export interface TestDatabase extends StoreByRole {
  /** What DATABASE_URL would be for the web. */
  webUrl: string
  /** What DATABASE_URL would be for the runner. */
  runnerUrl: string
  ownerUrl: string
  /** Writes past the store's own rules, as its owner: a state whose way there is not what the test is about. */
  force(text: string, values?: unknown[]): Promise<void>
  /** Drops the database. Throws when anything but the stores above still holds a connection. */
  drop(): Promise<void>
}

const addressesOf = (ownerUrl: string, passwords: RolePasswords) => ({
  webUrl: roleUrl(ownerUrl, webRole, passwords.web),
  runnerUrl: roleUrl(ownerUrl, runnerRole, passwords.runner),
  ownerUrl,
})

function openStores(at: { webUrl: string; runnerUrl: string; ownerUrl: string }) {
  const stores: StoreByRole = {
    web: createStore(at.webUrl),
    runner: createStore(at.runnerUrl),
    owner: createStore(at.ownerUrl),
  }
  const close = async () => {
    for (const store of Object.values(stores)) await store.close()
  }
  return { stores, close }
}

/** A migrated database of its own, copied from the template. For *.pg.test.ts only. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = inject('postgresAdminUrl')
  const name = `test_${randomBytes(6).toString('hex')}`
  await asAdmin(adminUrl, async (admin) => {
    await admin.query(`CREATE DATABASE ${name} TEMPLATE warroom_template`)
    // A copy has the template's tables with their rights, but not the rights on the database itself.
    await admin.query(databaseGrants(name).join(';'))
  })
  const addresses = addressesOf(databaseUrl(adminUrl, name), inject('postgresPasswords'))
  const { stores, close } = openStores(addresses)
  return {
    ...addresses,
    ...stores,
    force: (text, values = []) =>
      asAdmin(addresses.ownerUrl, async (owner) => {
        await owner.query('SET session_replication_role = replica')
        await owner.query(text, values)
      }),
    async drop() {
      await close()
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
  how: Parameters<typeof startScratchServer>[0] & { environments?: EnvironmentStamp[] } = {},
): Promise<Omit<TestDatabase, 'drop' | 'force'> & { stop(): Promise<void> }> {
  const server = await startScratchServer(how)
  const passwords = { web: randomBytes(16).toString('hex'), runner: randomBytes(16).toString('hex') }
  const { ownerUrl } = await prepareStore({
    adminUrl: server.url,
    passwords,
    webSecret: testSecret,
  })
  await stampForTests(ownerUrl, how.environments)
  const addresses = addressesOf(ownerUrl, passwords)
  const { stores, close } = openStores(addresses)
  return {
    ...addresses,
    ...stores,
    async stop() {
      await close()
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
