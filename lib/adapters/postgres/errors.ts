import type { ProbeErrorKind } from '../../domain/cluster/types'
import { PortError, type PortErrorClass } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'

type Meaning = { errorClass: PortErrorClass; probe: ProbeErrorKind; says: string }

/** SQLSTATEs and their classes (first two characters), PostgreSQL manual, appendix A. The longer key wins. */
const meanings: Record<string, Meaning> = {
  '25006': { errorClass: 'state', probe: 'read-only', says: 'takes no writes: it is read-only' },
  '57014': { errorClass: 'transient', probe: 'busy', says: 'did not finish the query within its time limit' },
  '55P03': { errorClass: 'transient', probe: 'busy', says: 'is waiting for a lock' },
  '53300': { errorClass: 'transient', probe: 'busy', says: 'has no connection left' },
  '53100': { errorClass: 'capacity', probe: 'other', says: 'has no disk space left' },
  '53200': { errorClass: 'transient', probe: 'busy', says: 'is out of memory' },
  '57P01': { errorClass: 'unreachable', probe: 'closed', says: 'is shutting down or ended the session' },
  '57P02': { errorClass: 'unreachable', probe: 'closed', says: 'lost a server process and restarts' },
  '57P03': { errorClass: 'transient', probe: 'other', says: 'is starting up or shutting down' },
  '57P05': { errorClass: 'unreachable', probe: 'closed', says: 'ended an idle session' },
  '3D000': { errorClass: 'config', probe: 'other', says: 'has no such database' },
  '42P01': { errorClass: 'missing', probe: 'other', says: 'lacks a table that is needed' },
  '42883': { errorClass: 'config', probe: 'other', says: 'lacks a function that is needed' },
  '42501': { errorClass: 'auth', probe: 'auth', says: 'denies this role a right that is needed' },
  '08P01': { errorClass: 'config', probe: 'other', says: 'refused the way the connection was opened' },
  '28': { errorClass: 'auth', probe: 'auth', says: 'refused our role or its password' },
  '40': { errorClass: 'transient', probe: 'busy', says: 'rolled the transaction back' },
  '08': { errorClass: 'unreachable', probe: 'closed', says: 'lost the connection' },
}

/**
 * What a failure of `who` ("127.0.10.1:5432") means. An answer of the server rejects what was asked; a connection that
 * broke leaves a commit in doubt. Messages never repeat the server's text: it may quote data.
 */
export function fromPostgresError(error: unknown, who: string, mutation: boolean): PortError {
  if (error instanceof PortError) return error
  const code = (error as { code?: unknown } | null)?.code
  const sqlState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null
  const meaning = sqlState ? (meanings[sqlState] ?? meanings[sqlState.slice(0, 2)]) : undefined
  if (sqlState && meaning)
    return new PortError(meaning.errorClass, `${who} ${meaning.says}.`, {
      code: sqlState,
      outcome: mutation && meaning.probe === 'closed' ? 'unknown' : 'rejected',
      probe: meaning.probe,
      cause: error,
    })
  const socket = fromSocketError(error, who, mutation)
  if (socket) return socket
  if (sqlState)
    return new PortError('other', `${who} answered with error ${sqlState}.`, {
      code: sqlState,
      outcome: 'rejected',
      probe: 'other',
      cause: error,
    })
  const message = error instanceof Error ? error.message : ''
  if (/connection terminated|connection ended|not queryable|Connection closed/i.test(message))
    return closedError(who, mutation, error)
  if (
    /certificate|self.signed|altname|SSL|TLS/i.test(message) ||
    /^(ERR_TLS|CERT_|UNABLE_TO|DEPTH_)/.test(String(code))
  )
    return new PortError('config', `The TLS certificate or TLS set-up of ${who} was not accepted.`, {
      code: typeof code === 'string' ? code : undefined,
      outcome: 'rejected',
      probe: 'other',
      cause: error,
    })
  return new PortError('other', `${who} failed in a way that is not known.`, {
    outcome: mutation ? 'unknown' : 'rejected',
    probe: 'other',
    cause: error,
  })
}

/** The other side closed the connection without a word, as a killed server does. */
export const closedError = (who: string, mutation: boolean, cause?: unknown) =>
  new PortError('unreachable', `${who} closed the connection.`, {
    outcome: mutation ? 'unknown' : 'rejected',
    probe: 'closed',
    cause,
  })

/** Our own time limit passed; `phase` says in which wait. */
export const timeoutError = (who: string, phase: 'connect' | 'query', limitMs: number, mutation: boolean) =>
  new PortError(
    'timeout',
    phase === 'connect'
      ? `${who} did not let us connect within ${limitMs} ms.`
      : `${who} did not answer within ${limitMs} ms.`,
    { outcome: mutation && phase === 'query' ? 'unknown' : 'rejected', probe: 'timeout' },
  )
