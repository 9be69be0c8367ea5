import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { quotedName } from '../../domain/text'
import { migrationLock } from '../migrate'
import { describeStore, listSequences, listTables, otherSchemas, type Reads } from './catalogue'
import {
  type BackupFooter,
  type BackupHeader,
  endOfTable,
  footerLine,
  formatVersion,
  headerLine,
  writeBackupFile,
} from './file'

interface BackupReport {
  header: BackupHeader
  footer: BackupFooter
  bytes: number
  sha256: string
}

/**
 * Copies a store to one file while it is in use: everything is read as of one moment. `ownerUrl` names the owner of the tables
 * and the store's database. Throws BackupError, or the driver's error when the store is not responding.
 */
export async function takeBackup(ownerUrl: string, path: string): Promise<BackupReport> {
  const client = new pg.Client({
    connectionString: ownerUrl,
    connectionTimeoutMillis: 5_000,
    application_name: 'warroom-backup',
  })
  client.on('error', () => {}) // the query that needed the connection reports it
  await client.connect()
  try {
    await client.query(
      `${sameWords}; SET lock_timeout = '30s'; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0`,
    )
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    // No migration changes a table between two looks.
    await client.query('SELECT pg_advisory_xact_lock_shared($1)', [migrationLock.toString()])
    const header = await readHeader(client)
    let footer: BackupFooter | null = null
    const written = await writeBackupFile(path, async function* () {
      yield headerLine(header)
      const rows: Record<string, number> = {}
      for (const { name, columns } of header.tables) {
        const list = columns.map(quotedName).join(', ')
        const stream = client.query(copyTo(`COPY (SELECT ${list} FROM ${quotedName(name)}) TO STDOUT`))
        for await (const chunk of stream) yield chunk as Buffer
        yield endOfTable
        rows[name] = stream.rowCount
      }
      // Sequences are outside of transactions: read last, they are never behind the rows that they numbered.
      footer = { rows, sequences: await listSequences(client), head: await readHead(client) }
      yield footerLine(footer)
    })
    await client.query('COMMIT')
    if (!footer) throw new Error('The backup was written without its end.')
    return { header, footer, ...written }
  } finally {
    await client.end()
  }
}

/** Values are written and read in the same words, whatever the settings of a server. */
export const sameWords = `SET client_encoding = 'UTF8'; SET DateStyle = 'ISO, YMD'; SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 3`

async function readHeader(client: Reads): Promise<BackupHeader> {
  const { rows } = await client.query<{ at: string; version: string }>(
    `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, current_setting('server_version') AS version`,
  )
  const { rows: migrations } = await client.query<{ name: string; checksum: string }>(
    `SELECT migration_name AS name, checksum FROM _prisma_migrations
     WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name`,
  )
  const tables = await listTables(client)
  return {
    product: 'castmatch-war-room',
    format: formatVersion,
    takenAt: rows[0]?.at ?? '',
    postgres: rows[0]?.version ?? '',
    environments: await environmentsOf(client),
    migrations,
    tables,
    catalogue: await describeStore(client),
    leftOut: await otherSchemas(client),
  }
}

/** The environments that a store belongs to by its stamps, or has rows of. */
export async function environmentsOf(client: Reads): Promise<string[]> {
  const found = new Set<string>()
  for (const { name, columns } of await listTables(client)) {
    if (name === 'environment') {
      const stamps = await client.query<{ name: string }>('SELECT name FROM environment')
      for (const stamp of stamps.rows) found.add(stamp.name)
    }
    if (!columns.includes('environment')) continue
    // From one name to the next, by an index where there is one: samples of a month are not read for three names.
    const { rows } = await client.query<{ environment: string }>(
      `WITH RECURSIVE names AS (
         (SELECT min(environment) AS environment FROM ${quotedName(name)})
         UNION ALL
         SELECT (SELECT min(t.environment) FROM ${quotedName(name)} t WHERE t.environment > n.environment) FROM names n WHERE n.environment IS NOT NULL)
       SELECT environment FROM names WHERE environment IS NOT NULL`,
    )
    for (const { environment } of rows) found.add(environment)
  }
  return [...found].sort()
}

async function readHead(client: Reads): Promise<{ n: number; hash: string }> {
  const { rows } = await client.query<{ n: string; hash: string }>('SELECT n, hash FROM record_head WHERE id = 1')
  return { n: Number(rows[0]?.n ?? 0), hash: rows[0]?.hash ?? '' }
}
