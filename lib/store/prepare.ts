import pg from 'pg'
import type { EnvironmentStamp } from '../domain/store-environments'
import { stampStore } from './environments'
import { appRole } from './grants'
import { migrate } from './migrate'

/** Key of the advisory lock under which database and role are created, in the maintenance database. */
const creationLock = 7_263_118_401n

/** The same server and user, another database. */
export function databaseUrl(url: string, database: string): string {
  const other = new URL(url)
  other.pathname = `/${database}`
  return other.href
}

/** The same server and database, signed in as the app's role. */
export function appUrl(url: string, password: string): string {
  const other = new URL(url)
  other.username = appRole
  other.password = password
  return other.href
}

/**
 * Makes a server ready for web and runner: the database, the app's role with this password, all migrations, grants.
 * Two processes may do it at once; repeating it changes nothing but the password. `adminUrl` names a user that may
 * create databases and roles, and any existing database. Returns the address for DATABASE_URL and the owner's address of
 * the same database. Throws MigrationError, WrongStoreError for a store of others, or the driver's error when the
 * server does not answer.
 */
export async function prepareStore(options: {
  adminUrl: string
  appPassword: string
  database?: string
  /** Applies these migrations only: for a store that takes in the rows of an earlier version. */
  migrations?: readonly string[]
  /** The environment that the store is for. */
  environment?: EnvironmentStamp
}): Promise<{ databaseUrl: string; ownerUrl: string; applied: string[] }> {
  const database = options.database ?? 'warroom'
  const admin = new pg.Client({ connectionString: options.adminUrl, connectionTimeoutMillis: 5_000 })
  await admin.connect()
  try {
    await admin.query('SELECT pg_advisory_lock($1)', [creationLock.toString()])
    await ensureRole(admin, options.appPassword)
    const found = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [database])
    if (found.rowCount === 0) await admin.query(`CREATE DATABASE ${admin.escapeIdentifier(database)}`)
  } finally {
    await admin.end()
  }
  const ownerUrl = databaseUrl(options.adminUrl, database)
  const applied = await migrate(ownerUrl, options.migrations)
  if (options.environment) await stampStore(ownerUrl, options.environment)
  return { databaseUrl: appUrl(ownerUrl, options.appPassword), ownerUrl, applied }
}

/** Makes an empty database. `adminUrl` names a user that may, and another database of the server. */
export async function createDatabase(adminUrl: string, database: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5_000 })
  await admin.connect()
  try {
    await admin.query(`CREATE DATABASE ${admin.escapeIdentifier(database)}`)
  } finally {
    await admin.end()
  }
}

/** Creates the app's role without any right of its own, or sets its password. Passwords never stand in a statement's log. */
async function ensureRole(admin: pg.Client, password: string): Promise<void> {
  await admin.query(`SET log_statement = 'none'`)
  await admin.query(`SET log_min_error_statement = 'panic'`)
  const found = await admin.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [appRole])
  const verb = found.rowCount === 0 ? 'CREATE' : 'ALTER'
  await admin.query(
    `${verb} ROLE ${appRole} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD ${admin.escapeLiteral(password)}`,
  )
}
