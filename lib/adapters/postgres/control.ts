import { readFileSync } from 'node:fs'
import type { FenceRights, FenceRoleRights } from '../../domain/cluster/fence-rights'
import { quotedName, shorten } from '../../domain/text'
import type { DatabaseControl, FenceLook, ProbeLimits } from '../../ports/database'
import { partlyDone, unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { Connection } from './connection'
import { isSqlState } from './errors'
import { SessionBudget, type SessionsOf } from './sessions'
import { literal } from './survey'

interface PostgresControlSettings {
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
        const done: string[] = []
        let changed = false
        const refused: Refusal[] = []
        for (const statement of statements) {
          mayGoOn()
          try {
            await connection.change(statement)
            done.push(statement)
            changed ||= !ofOurSession.test(statement)
          } catch (error) {
            if (!(error instanceof PortError)) throw error
            // What a function did to other sessions is not rolled back either.
            changed ||= functions.test(statement) && isSqlState(error.detail.code)
            // The others make the fence better than none; without our own setting, or a session, they cannot be tried.
            if (ofOurSession.test(statement) || !isOneRefusal(error)) throw ended(error, { done, changed, refused })
            refused.push({ statement, error })
          }
        }
        if (refused.length > 0)
          throw refusedOf(statements.length, { done, changed, refused }, `${address.host}:${address.port}`)
        return { done: done.length }
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

    sessions: (address, roles, olderThanSeconds) =>
      session(address, async (connection) => {
        const rows = await connection.rows(
          `SELECT pid, to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00') AS started_at, usename AS "user",
            COALESCE(application_name, '') AS application_name, host(client_addr) AS client_address
          FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database()
            AND usename = ANY (ARRAY[${roles.map(literal).join(', ')}]::text[])
            AND (backend_start IS NULL OR backend_start < clock_timestamp() - ${Number(olderThanSeconds)} * interval '1 second')
          ORDER BY backend_start, pid`,
          false,
        )
        // Whose start is hidden from us cannot be told apart from the next one of the same number.
        if (rows.some((row) => row.started_at === null))
          throw new PortError(
            'config',
            `${settings.user} may not see the sessions of other roles. Grant it pg_read_all_stats.`,
            {
              outcome: 'rejected',
              probe: 'other',
            },
          )
        return rows.map((row) => ({
          pid: Number(row.pid),
          startedAt: String(row.started_at),
          user: String(row.user),
          applicationName: String(row.application_name),
          clientAddress: row.client_address === null ? null : String(row.client_address),
        }))
      }),

    rights: (address, roles) =>
      session(address, async (connection) => {
        const [row] = await connection.rows(rightsQuery(roles), false)
        if (!row) throw unreadableAnswer(`${address.host}:${address.port}`, null, false)
        return toRights(row)
      }),
  }
}

interface Refusal {
  statement: string
  error: PortError
}

/** SQLSTATEs by which a server ends or refuses a session, rather than one statement in it. */
const ofSession = /^(08|28|3D|57P|53300)/
const isOneRefusal = ({ detail }: PortError) =>
  detail.outcome === 'rejected' && isSqlState(detail.code) && !ofSession.test(detail.code)

/** What became of the statements so far; `changed` also by one that was refused in the middle of its work. */
interface Tried {
  done: readonly string[]
  changed: boolean
  refused: readonly Refusal[]
}

const named = (refused: readonly Refusal[]) =>
  refused.map(({ statement, error }) => `${shorten(statement, 80)} (${error.detail.code})`).join('; ')

/** Settings of our own session change nothing that anybody else sees. */
function doneWords(done: readonly string[]): string {
  const changes = done.filter((statement) => !ofOurSession.test(statement))
  return changes.length > 0 ? ` Done: ${changes.map((statement) => shorten(statement, 80)).join('; ')}.` : ''
}

/** The error of statements that were all tried: what was refused, by name. */
function refusedOf(of: number, { done, changed, refused }: Tried, who: string): unknown {
  // One that waiting does not mend decides what is made of it.
  const worst = refused.find(({ error }) => error.errorClass !== 'transient') ?? refused[0]
  if (!worst) throw new Error('Nothing was refused')
  const { error } = worst
  const message = `${who} refused ${refused.length} of ${of} statements: ${named(refused)}.${doneWords(done)}`
  const all = new PortError(error.errorClass, message, { ...error.detail, cause: error.cause })
  return changed ? partlyDone(all) : all
}

/** The error at which no further statement could be tried; what was refused before it is told too. */
function ended(error: PortError, { done, changed, refused }: Tried): unknown {
  const before = refused.length > 0 ? ` Refused before: ${named(refused)}.` : ''
  const all = new PortError(error.errorClass, `${error.message}${before}${doneWords(done)}`, {
    ...error.detail,
    cause: error.cause,
  })
  return changed ? partlyDone(all) : all
}

/** The server is asked itself, by the functions that decide when the fence is sent. */
const rightsQuery = (
  roles: string[],
) => `SELECT u.rolname AS user, u.rolsuper AS superuser, u.rolcreaterole AS create_role,
  split_part(current_setting('server_version'), ' ', 1) AS version,
  current_setting('server_version_num')::int / 10000 AS major,
  d.datname AS database, pg_get_userbyid(d.datdba) AS owner, pg_has_role(d.datdba, 'USAGE') AS owns,
  (SELECT COALESCE(json_agg(json_build_object('name', n.name, 'exists', r.oid IS NOT NULL,
      'superuser', COALESCE(r.rolsuper, false), 'replication', COALESCE(r.rolreplication, false),
      'admin', COALESCE(pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION'), false),
      'endsSessions', COALESCE(pg_has_role(r.oid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE'), false))
      ORDER BY n.ord), '[]')
    FROM unnest(ARRAY[${roles.map(literal).join(', ')}]::text[]) WITH ORDINALITY AS n(name, ord)
      LEFT JOIN pg_roles r ON r.rolname = n.name) AS roles
FROM pg_roles u, pg_database d WHERE u.rolname = current_user AND d.datname = current_database()`

const toRights = (row: Record<string, unknown>): FenceRights => ({
  user: String(row.user),
  superuser: row.superuser === true,
  createRole: row.create_role === true,
  version: String(row.version),
  major: Number(row.major),
  database: String(row.database),
  owner: String(row.owner),
  ownsDatabase: row.owns === true,
  roles: row.roles as FenceRoleRights[],
})

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
    const code = await attempt(`SET LOCAL ROLE ${quotedName(role)}; ${harmlessWrite}`)
    // 42501: we may not take the role on, or the role may not write there; our own attempt tells which.
    if (code !== '42501') return { by: role, refusedWith: code }
  }
  return { by: 'our own role', refusedWith: await attempt(harmlessWrite) }
}
