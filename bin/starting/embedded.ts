import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import getPort from 'get-port'
import { portsFrom } from '../../lab/ports'
import { ServerError } from '../../lib/embedded-postgres/errors'
import { claim, runningCopy } from './refusals'
import { type LocalSecrets, localSecrets } from './secrets'
import { storeAdminUrl, storeServer } from './store'

/* The embedded store without the product: for backup and restore, whether or not `npm start` runs. */

/** Where this checkout keeps its data. */
export const localDataDir = (): string =>
  resolve(join(import.meta.dirname, '../..'), process.env.WARROOM_DATA ?? '.data')

interface OpenStore {
  adminUrl: string
  secrets: LocalSecrets
}

/**
 * Hands over the embedded store of a data directory: the running one, or one that is started for this and stopped
 * afterwards. Throws with one sentence when there is none.
 */
export async function withEmbeddedStore<T>(dataDir: string, use: (store: OpenStore) => Promise<T>): Promise<T> {
  if (!existsSync(join(dataDir, 'store/data/PG_VERSION')))
    throw new Error(`There is no store in ${dataDir}. "npm start" makes one.`)
  const secrets = localSecrets(dataDir)
  const running = runningCopy(dataDir)
  if (running) {
    if (!URL.canParse(running.address))
      throw new Error(`"${running.address}" uses the store right now. Try again when it has ended.`)
    const { store } = portsFrom(Number(new URL(running.address).port))
    return await use({ adminUrl: storeAdminUrl(store, secrets), secrets })
  }
  const claimed = claim(dataDir, 'npm run backup')
  try {
    const port = await freePort()
    const server = storeServer(join(dataDir, 'store'), port, secrets)
    await server.start()
    try {
      return await use({ adminUrl: storeAdminUrl(port, secrets), secrets })
    } finally {
      await server.stop()
    }
  } finally {
    claimed.release()
  }
}

/**
 * Hands over an embedded store that nobody else uses, for taking in a backup. Data that the server cannot start with (damaged,
 * or of another version of PostgreSQL) is put aside and a new server is made; when `use` fails, it is put back. Returns what
 * `use` returns, and where the old data lies when it was put aside. Throws with one sentence while the product runs.
 */
export async function withStoreAlone<T>(
  dataDir: string,
  use: (store: OpenStore) => Promise<T>,
): Promise<{ result: T; aside: string | null }> {
  const running = runningCopy(dataDir)
  if (running)
    throw new Error(
      `The War Room is in use (${running.address}). Stop it first (Ctrl-C in its terminal), then restore.`,
    )
  mkdirSync(dataDir, { recursive: true })
  const claimed = claim(dataDir, 'npm run restore')
  try {
    const secrets = localSecrets(dataDir)
    const port = await freePort()
    const server = storeServer(join(dataDir, 'store'), port, secrets)
    const aside = await startOrPutAside(server)
    let done = false
    try {
      const result = await use({ adminUrl: storeAdminUrl(port, secrets), secrets })
      done = true
      return { result, aside }
    } finally {
      await server.stop()
      if (aside && !done) {
        rmSync(server.dataDir, { recursive: true, force: true })
        renameSync(aside, server.dataDir)
      }
    }
  } finally {
    claimed.release()
  }
}

async function startOrPutAside(server: ReturnType<typeof storeServer>): Promise<string | null> {
  try {
    await server.initialise()
    await server.start()
    return null
  } catch (error) {
    const unusable =
      error instanceof ServerError && ['damaged-data', 'other-version', 'not-started'].includes(error.reason)
    if (!unusable || !existsSync(server.dataDir) || readdirSync(server.dataDir).length === 0) throw error
    const aside = `${server.dataDir}.${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`
    renameSync(server.dataDir, aside)
    try {
      await server.initialise()
      await server.start()
      return aside
    } catch (again) {
      rmSync(server.dataDir, { recursive: true, force: true })
      renameSync(aside, server.dataDir)
      throw again
    }
  }
}

/** Not the usual port: nothing else should find a store that is only being copied. */
const freePort = () => getPort({ port: Array.from({ length: 400 }, (_, i) => 29_500 + i), host: '127.0.0.1' })
