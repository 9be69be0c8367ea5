import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Client } from 'pg'
import { quotedName } from '../../domain/text'
import { PortError } from '../../ports/port-error'
import type { DatabaseAdmin, ServerLogin } from '../../ports/restore'
import { fromPostgresError } from './errors'
import { parted } from './parting'
import { literal } from './survey'

interface PostgresAdminSettings {
  tls: 'verify-full' | 'disable'
  caFile?: string | undefined
  connectMs?: number
  statementMs?: number
}

/** Ending the sessions of a database that is dropped, and copying the template, take seconds on a busy server. */
const usualStatementMs = 60_000
/** The database that every server has, from which others are made and dropped. */
const maintenance = 'postgres'

/**
 * Databases of a server that a restore has created. Each use has a session of its own, in autocommit: CREATE and DROP DATABASE cannot
 * run in a transaction.
 */
export function createPostgresAdmin(settings: PostgresAdminSettings): DatabaseAdmin {
  const ssl =
    settings.tls === 'verify-full'
      ? { ...(settings.caFile && { ca: readFileSync(settings.caFile, 'utf8') }), rejectUnauthorized: true }
      : false
  const statementMs = settings.statementMs ?? usualStatementMs

  async function session<T>(
    login: ServerLogin,
    database: string,
    mutation: boolean,
    use: (client: Client) => Promise<T>,
    limitMs = statementMs,
  ): Promise<T> {
    const client = new Client({
      ...login,
      database,
      ssl,
      application_name: 'castmatch-warroom-restore',
      connectionTimeoutMillis: settings.connectMs ?? 5_000,
      ...(limitMs > 0 && { query_timeout: limitMs, statement_timeout: limitMs }),
    })
    // Its loss is heard by the query that waits for it.
    client.on('error', () => undefined)
    const who = `${login.host}:${login.port}`
    let sent = false
    try {
      await client.connect()
      sent = true
      return await use(client)
    } catch (error) {
      throw fromPostgresError(named(error), who, mutation && sent)
    } finally {
      await parted(client)
    }
  }

  return {
    databases: (login) =>
      session(login, maintenance, false, async (client) => {
        const { rows } = await client.query<{ name: string; comment: string | null }>(
          "SELECT datname AS name, shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE NOT datistemplate",
        )
        return rows
      }),
    create: (login, name) =>
      session(login, maintenance, true, async (client) => {
        await client.query(`CREATE DATABASE ${quotedName(name)} TEMPLATE template0`)
      }),
    drop: (login, name) =>
      session(login, maintenance, true, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${quotedName(name)} WITH (FORCE)`)
      }),
    analyze: (login, name, signal) =>
      session(
        login,
        name,
        true,
        async (client) => {
          signal.throwIfAborted()
          const stop = () => void client.end().catch(() => undefined)
          signal.addEventListener('abort', stop)
          try {
            await client.query('ANALYZE')
          } finally {
            signal.removeEventListener('abort', stop)
          }
        },
        0,
      ),
    lendRoles: (login) =>
      session(login, maintenance, true, async (client) => {
        const { rows } = await client.query<{ role: string; member: boolean }>(
          `SELECT rolname AS role, pg_has_role(current_user, oid, 'MEMBER') AS member FROM pg_roles
           WHERE NOT rolsuper AND rolname !~ '^(pg_|rds)' AND rolname <> current_user ORDER BY 1`,
        )
        const lent = rows.flatMap(({ role, member }) => (member ? [] : [role]))
        for (const role of lent) await client.query(`GRANT ${quotedName(role)} TO CURRENT_USER`)
        return { all: rows.map(({ role }) => role), lent }
      }),
    // A table can be given only to a role that may create in its schema.
    letOwn: (login, name, roles) =>
      session(login, name, true, async (client) => {
        for (const role of roles) await client.query(`GRANT CREATE ON SCHEMA public TO ${quotedName(role)}`)
      }),
    giveRolesBack: (login, name, { all, lent }) =>
      session(login, name, true, async (client) => {
        for (const role of all) await client.query(`REVOKE CREATE ON SCHEMA public FROM ${quotedName(role)}`)
        for (const role of lent) await client.query(`REVOKE ${quotedName(role)} FROM CURRENT_USER`)
      }),
    complete: (login, partial, name, comment) =>
      session(login, maintenance, true, async (client) => {
        await client.query('BEGIN')
        await client.query(`COMMENT ON DATABASE ${quotedName(partial)} IS ${literal(comment)}`)
        await client.query(`ALTER DATABASE ${quotedName(partial)} RENAME TO ${quotedName(name)}`)
        await client.query('COMMIT')
      }),
    giveRole: (login, role, rolePassword) =>
      session(login, maintenance, true, async (client) => {
        await client.query(`ALTER ROLE ${quotedName(role)} PASSWORD ${literal(scramVerifier(rolePassword))}`)
      }),
  }
}

/** The driver's own errors have no code: a connection that took too long, and one that was closed. */
function named(error: unknown): unknown {
  if (error instanceof PortError || !(error instanceof Error) || 'code' in error) return error
  return Object.assign(error, { code: /timeout/i.test(error.message) ? 'ETIMEDOUT' : 'ECONNRESET' })
}

const iterations = 4096

/** What the server keeps of a password (RFC 5803, as PostgreSQL writes it). */
function scramVerifier(password: string): string {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`
}
