import { Client } from 'pg'
import { sameText } from '../../../domain/reconcile/statements'
import { PortError } from '../../../ports/port-error'
import type { DatabaseAddress } from '../../../ports/reconcile'
import { fromPostgresError } from '../errors'
import type { SessionsOf } from '../sessions'

interface SessionSettings {
  user: string
  password: string
  tls: { ca: string | undefined } | null
  sessions: SessionsOf
}

type Row = Record<string, unknown>

/** A session of the recovery role that may last long: rows are streamed through it. Its errors are PortErrors. */
export interface Session {
  readonly who: string
  readonly client: Client
  rows(sql: string): Promise<Row[]>
  run(statements: readonly string[]): Promise<void>
}

const connectMs = 5_000

/** Opens a session, uses it, and ends it; an abort ends it at once, and the server rolls back what was open. */
export async function withSession<T>(
  { user, password, tls, sessions }: SessionSettings,
  address: DatabaseAddress,
  kind: 'read' | 'write',
  signal: AbortSignal | null,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const who = `${address.host}:${address.port}`
  const seat = await sessions.at(address).take(who, sessions.waitMs ?? connectMs)
  const client = new Client({
    ...address,
    user,
    password,
    application_name: 'castmatch-warroom-reconcile',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    ssl: tls ? { rejectUnauthorized: true, ca: tls.ca, minVersion: 'TLSv1.2' } : false,
  })
  client.on('error', () => {})
  const stop = () => {
    client.connection.stream.destroy()
  }
  signal?.addEventListener('abort', stop)
  const told = (error: unknown) =>
    signal?.aborted && !(error instanceof PortError)
      ? new PortError('timeout', `The work on ${who} was broken off.`, {
          outcome: kind === 'write' ? 'unknown' : 'rejected',
          probe: 'timeout',
        })
      : fromPostgresError(error, who, kind === 'write')
  const rows = async (sql: string): Promise<Row[]> => {
    try {
      const answer: unknown = await client.query(sql)
      const last = (Array.isArray(answer) ? answer.at(-1) : answer) as { rows: Row[] }
      return last.rows
    } catch (error) {
      throw told(error)
    }
  }
  const session: Session = {
    who,
    client,
    rows,
    async run(statements) {
      for (const statement of statements) await rows(statement)
    },
  }
  try {
    try {
      signal?.throwIfAborted()
      await client.connect()
    } catch (error) {
      throw signal?.aborted ? told(error) : fromPostgresError(error, who, false)
    }
    await session.run([
      ...sameText,
      kind === 'read'
        ? 'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY'
        : // A fence may have made the database read-only for everybody else.
          'SET default_transaction_read_only = off',
    ])
    return await use(session)
  } finally {
    signal?.removeEventListener('abort', stop)
    await client.end().catch(() => {})
    seat.free()
  }
}
