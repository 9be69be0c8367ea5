import { randomBytes } from 'node:crypto'
import type { TestProject } from 'vitest/node'
import { prepareStore } from '../../lib/store/prepare'
import { startScratchServer } from './server'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Superuser of the tests' server, database `postgres`. */
    postgresAdminUrl: string
    postgresAppPassword: string
  }
}

export const templateDatabase = 'warroom_template'

/** Once for all *.pg.test.ts: one server, and one migrated database that every test copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startScratchServer()
  const appPassword = randomBytes(16).toString('hex')
  try {
    await prepareStore({ adminUrl: server.url, appPassword, database: templateDatabase })
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('postgresAdminUrl', server.url)
  project.provide('postgresAppPassword', appPassword)
  return () => server.stop()
}
