import { readFileSync } from 'node:fs'
import type { DatabaseControl, FenceLook, ProbeLimits } from '../../ports/database'
import { partlyDone, unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { Connection } from './connection'
import { isSqlState } from './errors'
import { SessionBudget, type SessionsOf } from './sessions'
import { literal } from './survey'

export interface PostgresControlSettings {
  /** A role that may alter roles and the database, and end other sessions. */
  user: string
  password: string
  database: string
  tls: 'verify-full' | 'disable'
  caFile?: string | undefined
  /** The sessions that this may have, shared with the probes of the same use; a usual share when it is not given. */
  sessions?: SessionsOf
  limits?: ProbeLimits
}

const usualLimits: ProbeLimits = { connectMs: 3_000, queryMs: 10_000 }
/** Settings of our own session, which ends with it. */
const ofOurSession = /^\s*SET\b/i
const functions = /^\s*SELECT\b/i
const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`

/** The changing side of PostgreSQL: every use has a session of its own, so that no former setting is in the way. */
export function createPostgresControl(settings: PostgresControlSettings): DatabaseControl {
  const tls =
    settings.tls === 'verify-full' ? { ca: settings.caFile ? readFileSync(settings.caFile, 'utf8') : undefined } : null
  const limits = settings.limits ?? usualLimits
  const sessions = settings.sessions ?? new SessionBudget().for('runs')
  async function session<T>(address: { host: string; port: number }, use: (c: Connection) => Promise<T>): Promise<T> {
    const connection = new Connection({
      sessions,
      address,
      user: settings.user,
      password: settings.password,
      database: settings.database,
      applicationName: 'castmatch-warroom-recovery',
      tls,
      limits,
      statementMs: limits.queryMs,
    })
    try {
      return await use(connection)
    } finally {
      await connection.close()
    }
  }

  return {
    user: settings.user,

    execute: (address, statements, mayGoOn) =>
      session(address, async (connection) => {
        let done = 0
        let changed = false
        for (const statement of statements) {
          mayGoOn()
          try {
            await connection.change(statement)
          } catch (error) {
            // What a function did to other sessions is not rolled back either.
            const byFunction = functions.test(statement) && error instanceof PortError && isSqlState(error.detail.code)
            throw changed || byFunction ? partlyDone(error) : error
          }
          done += 1
          changed ||= !ofOurSession.test(statement)
        }
        return { done }
      }),

    look: (address, roles) =>
      session(address, async (connection): Promise<FenceLook> => {
        const names = `ARRAY[${roles.map(literal).join(', ')}]::text[]`
        const [row] = await connection.rows(
          `SELECT COALESCE((SELECT json_agg(rolname ORDER BY rolname) FROM pg_roles WHERE rolname = ANY (${names}) AND rolcanlogin), '[]') AS can_login,
            (SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND usename = ANY (${names})) AS sessions,
            current_setting('default_transaction_read_only') = 'on' AS read_only`,
          false,
        )
        // Without its row nothing is known of the fence, and nobody may take that for closed.
        if (!row) throw unreadableAnswer(`${address.host}:${address.port}`, null, false)
        return {
          canLogin: row.can_login as string[],
          sessions: Number(row.sessions),
          readOnlyByDefault: row.read_only === true,
          write: await tryWrite(connection, roles[0]),
        }
      }),
  }
}

/** Deletes no row: a read-only transaction refuses even that, before anything else is looked at. */
const harmlessWrite = 'DELETE FROM dr_heartbeat WHERE false'

async function tryWrite(connection: Connection, role: string | undefined): Promise<FenceLook['write']> {
  const attempt = async (sql: string): Promise<string | null> => {
    try {
      await connection.rows(sql, true)
      return null
    } catch (error) {
      // Only the server's own refusal is one: a connection that broke in between says nothing of the fence.
      if (!(error instanceof PortError) || error.detail.outcome !== 'rejected') throw error
      if (!isSqlState(error.detail.code)) throw error
      return error.detail.code
    }
  }
  if (role !== undefined) {
    const code = await attempt(`SET LOCAL ROLE ${identifier(role)}; ${harmlessWrite}`)
    // 42501: we may not take the role on, or the role may not write there; our own attempt tells which.
    if (code !== '42501') return { by: role, refusedWith: code }
  }
  return { by: 'our own role', refusedWith: await attempt(harmlessWrite) }
}
