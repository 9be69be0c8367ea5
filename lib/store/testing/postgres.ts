import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import type { EnvironmentStamp } from '../../domain/store-environments'
import { prepareStore, type RolePasswords } from '../prepare'
import { startScratchServer } from './scratch-server'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Superuser of the tests' server, database `postgres`. */
    postgresAdminUrl: string
    postgresPasswords: RolePasswords
  }
}

/** What NEXTAUTH_SECRET is for the stores of tests. */
export const testSecret = 'a-secret-of-the-web-in-tests-0123456789'

/** The environments of tests; no store of the product is shared so widely. */
const testEnvironments: EnvironmentStamp[] = [
  { name: 'lab', kind: 'lab' },
  { name: 'test', kind: 'staging' },
  { name: 'staging', kind: 'staging' },
]

/** Stamps a store with environments that may not share one otherwise. */
export async function stampForTests(
  ownerUrl: string,
  stamps: readonly EnvironmentStamp[] = testEnvironments,
): Promise<void> {
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  try {
    for (const { name, kind } of stamps)
      await owner.query('INSERT INTO environment (name, kind, stamped_at) VALUES ($1, $2, now())', [name, kind])
  } finally {
    await owner.end()
  }
}

const templateDatabase = 'warroom_template'

/** Once for all *.pg.test.ts: one server, and one migrated database that every test copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startScratchServer()
  const passwords = { web: randomBytes(16).toString('hex'), runner: randomBytes(16).toString('hex') }
  try {
    const { ownerUrl } = await prepareStore({
      adminUrl: server.url,
      passwords,
      webSecret: testSecret,
      database: templateDatabase,
    })
    await stampForTests(ownerUrl)
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('postgresAdminUrl', server.url)
  project.provide('postgresPasswords', passwords)
  return () => server.stop()
}
