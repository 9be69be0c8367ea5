import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Client } from 'pg'
import type { LoadingTools } from '../../../domain/backups/loading'
import type { LoadTarget } from '../../../ports/backup-loader'
import type { DumpTarget, TargetFacts } from '../../../ports/dump-target'
import { fromPostgresError } from '../errors'
import { openConnection } from './connection'
import { openProgram, type ProgramTarget, programVersion } from './program'

const connectMs = 10_000
/** A server whose client has vanished ends its statement after this. */
const clientCheckMs = 5_000
/** So long a session that was told to end is waited for. */
const endingMs = 5_000

const factsQuery = `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
  (SELECT count(*)::int FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')) AS relations,
  ARRAY(SELECT wanted FROM unnest($1::text[]) wanted EXCEPT SELECT rolname FROM pg_roles ORDER BY 1) AS "missingRoles",
  ARRAY(SELECT wanted FROM unnest($2::text[]) wanted EXCEPT SELECT name FROM pg_available_extensions ORDER BY 1)
    AS "missingExtensions"`

/** One database that a dump is loaded into, by psql or pg_restore where they are installed, else by a connection of our own. */
export function createDumpTarget(target: LoadTarget): DumpTarget {
  const { host, port, database, user, password, tls } = target
  const who = `${host}:${port}`
  /** By which the sessions of this load are found again. */
  const name = `castmatch-warroom-load-${randomBytes(6).toString('hex')}`
  let major = 0

  const client = (applicationName: string, options?: string) =>
    new Client({
      host,
      port,
      database,
      user,
      password,
      application_name: applicationName,
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
      ...(options ? { options } : {}),
      ssl: tls
        ? {
            rejectUnauthorized: true,
            ca: tls.caFile === null ? undefined : readFileSync(tls.caFile, 'utf8'),
            minVersion: 'TLSv1.2',
          }
        : false,
    })

  async function using<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const session = client('castmatch-warroom')
    session.on('error', () => {})
    try {
      await session.connect()
      return await use(session)
    } catch (error) {
      throw fromPostgresError(error, who, true)
    } finally {
      await session.end().catch(() => {})
    }
  }

  /** What the sessions of the load begin with. The last commit makes everything durable: see `settle`. */
  const options = () =>
    ['synchronous_commit=off', ...(major >= 14 ? [`client_connection_check_interval=${clientCheckMs}`] : [])]
      .map((setting) => `-c ${setting}`)
      .join(' ')

  const programTarget = (): ProgramTarget => ({
    who,
    env: {
      PGHOST: host,
      PGPORT: String(port),
      PGDATABASE: database,
      PGUSER: user,
      PGPASSWORD: password,
      PGPASSFILE: '/dev/null',
      PGAPPNAME: name,
      PGOPTIONS: options(),
      PGCONNECT_TIMEOUT: String(connectMs / 1000),
      PGSSLMODE: tls ? 'verify-full' : 'disable',
      ...(tls ? { PGSSLROOTCERT: tls.caFile ?? 'system' } : {}),
    },
  })

  /** Ends the sessions of a load that was broken off: a server at work on a statement does not see that its client is gone. */
  async function terminate(): Promise<void> {
    const until = Date.now() + endingMs
    await using(async (session) => {
      for (;;) {
        const { rows } = await session.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
          [name],
        )
        if (rows.length === 0 || Date.now() > until) return
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }).catch(() => {
      // A server that cannot be reached ends them itself, by `client_connection_check_interval`.
    })
  }

  /** A commit that is waited for takes all earlier ones to the disk. It must write something, or it waits for nothing. */
  const settle = () =>
    using(async (session) => {
      await session.query('SET synchronous_commit = on')
      await session.query('CREATE TEMP TABLE castmatch_warroom_settled ()')
    })

  return {
    async facts(needs) {
      const { rows } = await using((session) =>
        session.query<TargetFacts>(factsQuery, [[...needs.roles], [...needs.extensions]]),
      )
      const [facts] = rows
      if (!facts) throw new Error('the server answered nothing')
      major = facts.major
      return { ...facts, version: facts.version.split(' ')[0] ?? facts.version }
    },
    async tools(): Promise<LoadingTools> {
      const [psql, pgRestore] = await Promise.all([programVersion('psql'), programVersion('pg_restore')])
      // Without a file, only libpq 16 and later knows the authorities of the system.
      const usable = (version: string | null) =>
        tls === null || tls.caFile !== null || Number.parseInt(version ?? '', 10) >= 16 ? version : null
      return { psql: usable(psql), pgRestore: usable(pgRestore) }
    },
    async open(by) {
      const settled = (sink: Awaited<ReturnType<DumpTarget['open']>>) => ({
        ...sink,
        async end() {
          await sink.end()
          await settle()
        },
      })
      if (by !== 'connection') return settled(openProgram(by, programTarget(), terminate))
      const session = client(name, options())
      session.on('error', () => {})
      try {
        await session.connect()
      } catch (error) {
        throw fromPostgresError(error, who, false)
      }
      return settled(openConnection(session, who, terminate))
    },
    run: (statements) =>
      using(async (session) => {
        await session.query('BEGIN')
        for (const statement of statements) await session.query(statement)
        await session.query('COMMIT')
      }),
  }
}
