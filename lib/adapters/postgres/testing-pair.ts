import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import pg from 'pg'
import { takeBackup, write } from '../../../lab/postgres/backup'
import { type Binaries, findBinaries } from '../../embedded-postgres/binaries'
import { createServer, type PostgresServer } from '../../embedded-postgres/server'
import { otherBinaries, otherMajors } from '../../store/testing/other-versions'

/** Every major version that a guarded database may have; the first is the product's own. */
export const guardedMajors = [15, ...otherMajors] as const
type GuardedMajor = (typeof guardedMajors)[number]

const superuser = 'postgres'
const hba = ['host all all 127.0.0.0/8 scram-sha-256', 'host replication all 127.0.0.0/8 scram-sha-256']

/** As the programs ask for it by the replication protocol; a backup is slow, so that it is seen. */
const consumers = {
  wal: { replication: 'true', asks: 'START_REPLICATION PHYSICAL 0/1000000' },
  changes: {
    replication: 'database',
    asks: `START_REPLICATION SLOT consumer LOGICAL 0/0 (proto_version '1', publication_names 'all_tables')`,
  },
  backup: { replication: 'true', asks: `BASE_BACKUP (CHECKPOINT 'fast', MAX_RATE 32)` },
} as const

export interface Pair {
  /** The superuser's, and that of every role that signs in. */
  password: string
  writer: PostgresServer
  /** Copies the writer and lets the copy follow it through a slot of its own, `follower`. */
  follow(): Promise<PostgresServer>
  /** Another copy of the writer, of this name, that follows a reader. */
  cascade(name: string, from: PostgresServer): Promise<PostgresServer>
  /** Whatever else takes WAL or data from the writer, under the name that it gives itself, until the pair is stopped. */
  consume(name: string, kind: keyof typeof consumers): Promise<void>
  /** Runs statements on a node as the superuser. */
  as(node: { host: string; port: number }, database: string, sql: string): Promise<pg.QueryResult>
  signIn(user: string, database: string): Promise<{ client: pg.Client; lost: Promise<string> }>
  stop(): Promise<void>
}

/** A writer of one major version, and a reader of it when asked for. In a fresh folder; `stop` deletes it. */
export async function startPair(major: GuardedMajor): Promise<Pair> {
  const binaries: Binaries = major === 15 ? findBinaries() : await otherBinaries(major)
  const dir = await mkdtemp(join(tmpdir(), `warroom-pg${major}-`))
  const password = randomBytes(12).toString('hex')
  const servers: PostgresServer[] = []
  const server = async (name: string, settings: Record<string, string | number | boolean>) => {
    const made = createServer({
      name: `${name} (${major})`,
      dataDir: join(dir, name),
      host: '127.0.0.1',
      port: await getPort({ host: '127.0.0.1' }),
      superuser,
      password,
      binaries,
      hba,
      settings: { fsync: false, log_min_messages: 'fatal', hot_standby: true, ...settings },
    })
    servers.push(made)
    return made
  }
  const writer = await server('writer', { wal_level: 'logical' })
  await writer.initialise()
  await writer.start()
  const as: Pair['as'] = async ({ host, port }, database, sql) => {
    // A fence may have made the database read-only.
    const options = '-c default_transaction_read_only=off'
    const client = new pg.Client({ host, port, user: superuser, password, database, options })
    await client.connect()
    return await client.query(sql).finally(() => client.end())
  }
  const copy = async (name: string, from: PostgresServer, settings: Record<string, string>) => {
    const made = await server(name, {
      primary_conninfo: `host=${from.host} port=${from.port} user=${superuser} password=${password} application_name=${name}`,
      wal_receiver_status_interval: 1,
      ...settings,
    })
    const login = { user: superuser, password, database: 'postgres' }
    await takeBackup({ address: writer, login, dataDir: writer.dataDir }, [made.dataDir])
    await write(join(made.dataDir, 'standby.signal'), '')
    await made.start()
    return made
  }
  const taking: pg.Client[] = []
  return {
    password,
    writer,
    as,
    async follow() {
      await as(writer, 'postgres', `SELECT pg_create_physical_replication_slot('follower', true)`)
      return await copy('follower', writer, { primary_slot_name: 'follower' })
    },
    cascade: (name, from) => copy(name, from, {}),
    async consume(name, kind) {
      const { replication, asks } = consumers[kind]
      const { host, port } = writer
      const login = { user: superuser, password, database: 'postgres' }
      const client = new pg.Client({ host, port, ...login, application_name: name, replication } as pg.ClientConfig)
      // It ends with the server.
      client.on('error', () => {})
      await client.connect()
      client.query(asks).catch(() => {})
      taking.push(client)
    },
    async signIn(user, database) {
      const client = new pg.Client({ host: writer.host, port: writer.port, user, password, database })
      const lost = new Promise<string>((told) =>
        client.on('error', (error: Error & { code?: string }) => told(String(error.code))),
      )
      await client.connect()
      return { client, lost }
    },
    async stop() {
      await Promise.all(taking.map((client) => client.end().catch(() => {})))
      for (const one of servers.reverse()) await one.stop('immediate')
      await rm(dir, { recursive: true, force: true })
    },
  }
}
