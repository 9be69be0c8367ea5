import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import type { Binaries } from '../../embedded-postgres/binaries'
import { createServer } from '../../embedded-postgres/server'

export interface ScratchServer {
  /** Address of the superuser in database `postgres`. */
  url: string
  stop(): Promise<void>
}

/**
 * Starts an empty PostgreSQL of our own in a fresh directory for tests and for writing migrations: without durability,
 * unless `durable` is asked for, where what a commit costs is what is measured. `stop` ends it and deletes the directory;
 * it does not outlive this process either way. `binaries` runs another version of PostgreSQL.
 */
export async function startScratchServer({
  durable = false,
  binaries,
}: {
  durable?: boolean
  binaries?: Binaries
} = {}): Promise<ScratchServer> {
  const dir = await mkdtemp(join(tmpdir(), 'warroom-pg-'))
  const password = randomBytes(16).toString('hex')
  // From anywhere in the range: tests that start at the same moment must not all ask for its first port.
  const from = Math.floor(Math.random() * 400)
  const port = await getPort({
    port: Array.from({ length: 400 }, (_, i) => 22_600 + ((from + i) % 400)),
    host: '127.0.0.1',
  })
  const server = createServer({
    name: 'the test server',
    dataDir: join(dir, 'data'),
    host: '127.0.0.1',
    port,
    superuser: 'postgres',
    password,
    binaries,
    settings: {
      fsync: durable,
      synchronous_commit: durable,
      full_page_writes: durable,
      max_connections: 200,
      log_min_messages: 'fatal',
    },
  })
  await server.initialise()
  await server.start()
  return {
    url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`,
    async stop() {
      await server.stop('immediate')
      await rm(dir, { recursive: true, force: true })
    },
  }
}
