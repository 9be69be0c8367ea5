import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { type ChainVerdict, verifyChain } from '../../domain/record/chain'
import { quotedName } from '../../domain/text'
import { listWords } from '../../domain/units'
import { formerRole } from '../grants'
import { migrate } from '../migrate'
import { databaseUrl } from '../prepare'
import { readRecord, readRecordHead } from '../record'
import { migrationsPath, readMigrations } from '../schema-engine'
import { type Settled, settleRestored } from './after-restore'
import { environmentsOf, sameWords } from './backup'
import { describeStore, listTables, type Reads } from './catalogue'
import { BackupError, type BackupHeader, BackupReader, checkBackupFile } from './file'
import { triggersOff } from './triggers'

/** A backup that was read once to its end and fits this version. */
interface CheckedBackup {
  path: string
  sha256: string
  contentBytes: number
  header: BackupHeader
}

export interface RestoreReport {
  settled: Settled
  rows: Record<string, number>
  record: ChainVerdict
  /** What the restored store has less (-) or more (+) than the one that was backed up, besides rows. */
  differences: string[]
  /** Migrations that this version has and the backup had not. */
  migrated: string[]
  /** The database that was there before, under its new name; null when there was none. */
  replaced: string | null
}

/**
 * Reads a backup to its end. Throws BackupError when it is damaged, no backup of ours, or of a version that this one does not
 * know: before anything is touched.
 */
export async function checkBackup(path: string): Promise<CheckedBackup> {
  const { contentBytes, sha256 } = await checkBackupFile(path)
  const reader = new BackupReader(path, contentBytes)
  try {
    const header = await reader.header()
    const known = new Map(
      (await readMigrations()).migrationDirectories.map(({ path: name }) => [name, join(migrationsPath, name)]),
    )
    const newer = header.migrations.filter(({ name }) => !known.has(name)).map(({ name }) => name)
    if (newer.length)
      throw new BackupError(
        `This backup was taken by a newer version of the War Room (${newer.join(', ')}). Restore it with that version.`,
      )
    for (const { name, checksum } of header.migrations) {
      const sql = await readFile(join(known.get(name) ?? '', 'migration.sql'))
      if (createHash('sha256').update(sql).digest('hex') !== checksum)
        throw new BackupError(
          `This backup was taken by a version of the War Room with another migration ${name}. Restore it with that version.`,
        )
    }
    return { path, sha256, contentBytes, header }
  } finally {
    await reader.close()
  }
}

/** Throws BackupError when the rows of the backup belong to other environments than these. */
function refuseOtherEnvironment(header: BackupHeader, expected: readonly string[]): void {
  if (!header.environments.length || !expected.length) return
  if (header.environments.some((name) => expected.includes(name))) return
  throw new BackupError(
    `This backup is of ${listWords(header.environments)}, and this store is for ${listWords(expected)}. Nothing was changed.`,
  )
}

/**
 * Restores a checked backup beside the present database and puts it in its place when all of it is there and settled: until
 * then the present one is untouched, and afterwards it is kept under another name. `adminUrl` names a user that may create
 * databases, in another database of the server. `create` makes a database of this name with these migrations and the
 * store's roles. `expected` names the environments that this store is for. Throws BackupError.
 */
export async function restoreBackup(options: {
  backup: CheckedBackup
  adminUrl: string
  database: string
  expected: readonly string[]
  create: (database: string, migrations: string[]) => Promise<unknown>
}): Promise<RestoreReport> {
  const { backup, adminUrl, database, create } = options
  const fresh = `${database}_restoring`
  const freshUrl = databaseUrl(adminUrl, fresh)
  return await connected(adminUrl, async (admin) => {
    await refuseWhileUsed(admin, database)
    refuseOtherEnvironment(backup.header, options.expected)
    if (await exists(admin, database))
      refuseOtherEnvironment(backup.header, await connected(databaseUrl(adminUrl, database), environmentsIfAny))
    await admin.query(`DROP DATABASE IF EXISTS ${quotedName(fresh)} WITH (FORCE)`)
    try {
      await create(
        fresh,
        backup.header.migrations.map(({ name }) => name),
      )
      const loaded = await connected(freshUrl, (client) => load(client, backup))
      const migrated = await migrate(freshUrl)
      return { ...loaded, migrated, replaced: await swap(admin, database, fresh) }
    } catch (error) {
      await admin.query(`DROP DATABASE IF EXISTS ${quotedName(fresh)} WITH (FORCE)`).catch(() => {})
      throw error
    }
  })
}

/**
 * For a store that was restored by other means, such as a snapshot: does what a restore does about runs, approvals, leases and
 * sessions. `takenAt` is the time to which it was restored, ms. Throws BackupError while anything uses the store.
 */
export async function settleStore(ownerUrl: string, takenAt: number): Promise<Settled> {
  return await connected(ownerUrl, async (client) => {
    await refuseWhileUsed(client, new URL(ownerUrl).pathname.slice(1))
    return await inTransaction(client, () => settleRestored(client, { takenAt, evidence: { how: 'by other means' } }))
  })
}

async function connected<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    application_name: 'warroom-restore',
  })
  client.on('error', () => {}) // the query that needed the connection reports it
  await client.connect()
  try {
    await client.query(`${sameWords}; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0`)
    return await use(client)
  } finally {
    await client.end()
  }
}

async function inTransaction<T>(client: pg.Client, act: () => Promise<T>): Promise<T> {
  await client.query('BEGIN')
  try {
    const result = await act()
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}

const exists = async (client: Reads, database: string): Promise<boolean> =>
  (await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database])).rowCount === 1

/** A session that has just been closed takes a moment to end on the server, ms. */
const endingMs = 2_000

/** What stands in the way of a restore is named, so that a person finds it. */
async function refuseWhileUsed(client: Reads, database: string): Promise<void> {
  const deadline = performance.now() + endingMs
  for (;;) {
    const { rows } = await client.query<{ who: string; sessions: number }>(
      `SELECT COALESCE(NULLIF(application_name, ''), usename) || ' from ' || COALESCE(client_addr::text, 'this machine') AS who, count(*)::int AS sessions
       FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend' GROUP BY 1 ORDER BY 1`,
      [database],
    )
    if (rows.length === 0) return
    if (performance.now() > deadline)
      throw new BackupError(
        `The store is in use: ${rows.map(({ who, sessions }) => `${who} (${sessions})`).join(', ')}. Stop every web and runner first. Nothing was changed.`,
      )
    await pause(50)
  }
}

async function environmentsIfAny(client: Reads): Promise<string[]> {
  const tables = await listTables(client)
  return tables.length ? await environmentsOf(client) : []
}

async function load(
  client: pg.Client,
  backup: CheckedBackup,
): Promise<Pick<RestoreReport, 'settled' | 'rows' | 'record' | 'differences'>> {
  const { header } = backup
  const present = new Map((await listTables(client)).map(({ name, columns }) => [name, columns]))
  const unknown = header.tables.flatMap(({ name, columns }) =>
    columns.filter((column) => !present.get(name)?.includes(column)).map((column) => `${name}.${column}`),
  )
  if (unknown.length)
    throw new BackupError(
      `The backup has columns that its own migrations do not make: ${unknown.join(', ')}. That store was changed manually.`,
    )
  return await inTransaction(client, async () => {
    const putBack = await takeOffRules(client, [...present.keys()])
    const reader = new BackupReader(backup.path, backup.contentBytes)
    const rows: Record<string, number> = {}
    try {
      await reader.header()
      for (const { name, columns } of header.tables) {
        const into = client.query(
          copyFrom(`COPY ${quotedName(name)} (${columns.map(quotedName).join(', ')}) FROM STDIN`),
        )
        await pipeline(Readable.from(reader.rows()), into)
        rows[name] = into.rowCount
      }
      const footer = await reader.footer()
      for (const { name, value, called } of footer.sequences)
        await client.query('SELECT setval($1::regclass, $2, $3)', [quotedName(name), value, called])
      await putBack()
      for (const { name } of header.tables)
        if (rows[name] !== footer.rows[name] || (await countRows(client, name)) !== footer.rows[name])
          throw new BackupError(`Table ${name} has ${rows[name]} rows and the backup says ${footer.rows[name]}.`)
      const differences = compare(header.catalogue, await describeStore(client))
      const store = { pool: client }
      const record = await verifyChain(readRecord(store), await readRecordHead(store))
      const settled = await settleRestored(client, {
        takenAt: Date.parse(header.takenAt),
        evidence: {
          backup: {
            takenAt: header.takenAt,
            sha256: backup.sha256,
            head: footer.head,
            migrations: header.migrations.length,
          },
          recordWhole: record.whole,
          differences: differences.length,
        },
      })
      return { settled, rows, record, differences }
    } finally {
      await reader.close()
    }
  })
}

const countRows = async (client: Reads, table: string): Promise<number> =>
  Number((await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${quotedName(table)}`)).rows[0]?.n)

/**
 * Rows arrive table by table and as they were: until all are there, no trigger counts them again, no reference misses its
 * other end, and what migrations wrote is gone. Returns what puts the rules back, with all rows held against them.
 */
async function takeOffRules(client: pg.Client, tables: string[]): Promise<() => Promise<void>> {
  const references = await client.query<{ at: string; name: string; rule: string }>(
    `SELECT conrelid::regclass::text AS at, conname AS name, pg_get_constraintdef(oid) AS rule FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND contype = 'f' AND conparentid = 0`,
  )
  const all = async (statements: string[]) => {
    if (statements.length) await client.query(statements.join(';\n'))
  }
  await all(references.rows.map(({ at, name }) => `ALTER TABLE ${at} DROP CONSTRAINT ${quotedName(name)}`))
  const switchBack = await triggersOff(client, tables)
  await all([`TRUNCATE ${tables.map(quotedName).join(', ')}`])
  return async () => {
    await all(
      references.rows.map(({ at, name, rule }) => `ALTER TABLE ${at} ADD CONSTRAINT ${quotedName(name)} ${rule}`),
    )
    await switchBack()
  }
}

function compare(before: readonly string[], after: readonly string[]): string[] {
  // A backup from before there were two roles tells of rights that nobody has any more.
  const grants = before.some((line) => line.includes(`${formerRole}=`)) ? / to [^\n]*$/ : /$^/
  const [was, is] = [before, after].map((lines) => lines.map((line) => line.replace(grants, '')))
  const [had, has] = [new Set(was), new Set(is)]
  return [
    ...before.filter((_, i) => !has.has(was?.[i] ?? '')).map((line) => `- ${line}`),
    ...after.filter((_, i) => !had.has(is?.[i] ?? '')).map((line) => `+ ${line}`),
  ]
}

/** PostgreSQL: a session is in that database. */
const objectInUse = '55006'

/** Puts the restored database in the place of the present one, in one transaction. Of those replaced, the last is kept. */
async function swap(admin: pg.Client, database: string, fresh: string): Promise<string | null> {
  const { rows } = await admin.query<{ stamp: string }>(
    `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD"t"HH24MISS"z"') AS stamp`,
  )
  const replaced = `${database}_replaced_${rows[0]?.stamp}`
  const had = await exists(admin, database)
  await refuseWhileUsed(admin, database)
  await inTransaction(admin, async () => {
    // Nobody comes in between: a database with a session in it is not renamed.
    if (had) await admin.query(`ALTER DATABASE ${quotedName(database)} RENAME TO ${quotedName(replaced)}`)
    await admin.query(`ALTER DATABASE ${quotedName(fresh)} RENAME TO ${quotedName(database)}`)
  }).catch(async (error: { code?: string }) => {
    if (error.code === objectInUse) await refuseWhileUsed(admin, database)
    throw error
  })
  const older = await admin.query<{ name: string }>(
    `SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1) AND datname <> $2`,
    [`${database}_replaced_`, replaced],
  )
  for (const { name } of older.rows) await admin.query(`DROP DATABASE ${quotedName(name)} WITH (FORCE)`)
  return had ? replaced : null
}
