import pg from 'pg'
import type { EnvironmentStamp } from '../domain/store-environments'
import { stampStore } from './environments'
import { formerRole, runnerRole, webRole } from './grants'
import { type MigrateOptions, migrate } from './migrate'

/** Key of the advisory lock under which database and roles are created, in the maintenance database. */
const creationLock = 7_263_118_401n

/** The same server and user, another database. */
export function databaseUrl(url: string, database: string): string {
  const other = new URL(url)
  other.pathname = `/${database}`
  return other.href
}

/** The same server and database, signed in as one of the store's roles. */
export function roleUrl(url: string, role: typeof webRole | typeof runnerRole, password: string): string {
  const other = new URL(url)
  other.username = role
  other.password = password
  return other.href
}

/** What web and runner sign in to the store with. */
export interface RolePasswords {
  web: string
  runner: string
}

/**
 * Makes a server ready for web and runner: the database, both roles with these passwords, all migrations, grants. Two
 * processes may do it at once; repeating it changes nothing but the passwords. `adminUrl` names a user that may
 * create databases and roles, and any existing database. Returns the addresses for the web's and the runner's DATABASE_URL
 * and the owner's address of the same database. Throws MigrationError, WrongStoreError for a store of
 * others, or the driver's error when the server does not answer.
 */
export async function prepareStore(
  options: {
    adminUrl: string
    passwords: RolePasswords
    database?: string
    /** The environments that the store is for. */
    environments?: EnvironmentStamp[]
  } & MigrateOptions,
): Promise<{ webUrl: string; runnerUrl: string; ownerUrl: string; applied: string[] }> {
  const { passwords, database = 'warroom' } = options
  const admin = new pg.Client({ connectionString: options.adminUrl, connectionTimeoutMillis: 5_000 })
  await admin.connect()
  try {
    await admin.query('SELECT pg_advisory_lock($1)', [creationLock.toString()])
    await ensureRole(admin, webRole, passwords.web)
    await ensureRole(admin, runnerRole, passwords.runner)
    const found = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [database])
    if (found.rowCount === 0) await admin.query(`CREATE DATABASE ${admin.escapeIdentifier(database)}`)
  } finally {
    await admin.end()
  }
  const ownerUrl = databaseUrl(options.adminUrl, database)
  const applied = await migrate(ownerUrl, options)
  for (const stamp of options.environments ?? []) await stampStore(ownerUrl, stamp)
  await retireFormerRole(options.adminUrl)
  return {
    webUrl: roleUrl(ownerUrl, webRole, passwords.web),
    runnerUrl: roleUrl(ownerUrl, runnerRole, passwords.runner),
    ownerUrl,
    applied,
  }
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

/** Creates a role without any right of its own, or sets its password. Passwords are never in a statement's log. */
async function ensureRole(admin: pg.Client, role: string, password: string): Promise<void> {
  await admin.query(`SET log_statement = 'none'`)
  await admin.query(`SET log_min_error_statement = 'panic'`)
  const found = await admin.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role])
  const verb = found.rowCount === 0 ? 'CREATE' : 'ALTER'
  await admin.query(
    `${verb} ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD ${admin.escapeLiteral(password)}`,
  )
}

/**
 * Ends the single role of earlier versions, whose rights the migration has taken away: it is dropped, or, where another
 * database of the server still knows it, may no longer sign in. What is still connected under it is ended.
 */
async function retireFormerRole(adminUrl: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5_000 })
  await admin.connect()
  try {
    await admin.query('SELECT pg_advisory_lock($1)', [creationLock.toString()])
    const found = await admin.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [formerRole])
    if (found.rowCount === 0) return
    await admin.query(`ALTER ROLE ${formerRole} NOLOGIN`)
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [formerRole])
    await admin.query(`DROP ROLE ${formerRole}`).catch((error: { code?: string }) => {
      if (error.code !== dependentObjects) throw error
    })
  } finally {
    await admin.end()
  }
}

/** PostgreSQL: the role still has rights somewhere. */
const dependentObjects = '2BP01'
