import { mkdirSync } from 'node:fs'
import { labStamp } from '../../lib/config/lab-environment'
import { PostgresServer } from '../../lib/embedded-postgres/server'
import { prepareStore } from '../../lib/store/prepare'
import { keepRunning } from './keep-running'
import type { LocalSecrets } from './secrets'

const superuser = 'warroom_owner'

/** The superuser's address in the database `postgres` of an embedded store. */
export const storeAdminUrl = (port: number, secrets: LocalSecrets): string =>
  `postgresql://${superuser}:${secrets.storeAdminPassword}@127.0.0.1:${port}/postgres`

/** The server of an embedded store, not yet started. */
export function storeServer(dataDir: string, port: number, secrets: LocalSecrets): PostgresServer {
  mkdirSync(dataDir, { recursive: true })
  return new PostgresServer({
    name: 'The store',
    dataDir: `${dataDir}/data`,
    host: '127.0.0.1',
    port,
    superuser,
    password: secrets.storeAdminPassword,
    settings: { shared_buffers: '64MB', wal_level: 'minimal', max_wal_senders: 0, archive_mode: 'off' },
  })
}

/**
 * Our own embedded store: its own server, its own port, migrated. When it dies it is started again, and `say` gets a sentence.
 * Throws with one sentence when it cannot start.
 */
export async function startStore(
  dataDir: string,
  port: number,
  secrets: LocalSecrets,
  say: (sentence: string) => void = console.error,
) {
  const server = storeServer(dataDir, port, secrets)
  await server.initialise()
  await server.start()
  try {
    const prepared = await prepareStore({
      adminUrl: storeAdminUrl(port, secrets),
      passwords: { web: secrets.storeWebPassword, runner: secrets.storeRunnerPassword },
      webSecret: secrets.sessionSecret,
      environments: [labStamp],
    })
    const kept = keepRunning(server, 'The store', say)
    const { webUrl, runnerUrl, ownerUrl } = prepared
    return { webUrl, runnerUrl, ownerUrl, stop: () => kept.stop() }
  } catch (error) {
    await server.stop()
    throw error
  }
}
