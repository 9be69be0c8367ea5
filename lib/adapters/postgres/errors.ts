import type { ProbeErrorKind } from '../../domain/cluster/types'
import { type Ending, failedOutcome } from '../../ports/outcome'
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
  '42P07': { errorClass: 'exists', probe: 'other', says: 'already has a table, an index or a sequence of that name' },
  '42710': { errorClass: 'exists', probe: 'other', says: 'already has an object of that name' },
  '42704': { errorClass: 'config', probe: 'other', says: 'lacks a type, a role or another object that is needed' },
  '23503': { errorClass: 'state', probe: 'other', says: 'has rows that lead nowhere: a foreign key refused them' },
  '2BP01': { errorClass: 'state', probe: 'other', says: 'has other objects that depend on it' },
  '42883': { errorClass: 'config', probe: 'other', says: 'lacks a function that is needed' },
  '42501': { errorClass: 'auth', probe: 'auth', says: 'denies this role a right that is needed' },
  '08P01': { errorClass: 'config', probe: 'other', says: 'refused the way the connection was opened' },
  XX001: { errorClass: 'other', probe: 'damaged', says: 'holds a damaged page' },
  XX002: { errorClass: 'other', probe: 'damaged', says: 'holds a damaged index' },
  '28': { errorClass: 'auth', probe: 'auth', says: 'refused our role or its password' },
  '40': { errorClass: 'transient', probe: 'busy', says: 'rolled the transaction back' },
  '08': { errorClass: 'unreachable', probe: 'closed', says: 'lost the connection' },
}

/** States of a statement whose end the server itself does not know, or that come as it ends the session. */
const doubtful = /^(08|57P|40003)/

/** Is it one of the server's own codes, rather than one of our side such as EPIPE? They all have a digit. */
export const isSqlState = (code: unknown): code is string =>
  typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code)

/**
 * An ERROR rolls back what was asked. A FATAL or PANIC ends the session, perhaps in the middle of a commit, and so may a
 * severity in another language than the one that is known here.
 */
function endingOf(sqlState: string, severity: unknown): Ending {
  const refused = severity === 'ERROR' && !doubtful.test(sqlState)
  return { kind: 'answered', status: null, means: refused ? 'refused' : 'unreadable' }
}

/**
 * What a failure of `who` ("127.0.10.1:5432") means. Neither message nor cause repeats the server's text: it may quote data, and
 * causes are written into logs.
 */
export function fromPostgresError(error: unknown, who: string, mutation: boolean): PortError {
  if (error instanceof PortError) return error
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown }
  if (isSqlState(code)) {
    const meaning = meanings[code] ?? meanings[code.slice(0, 2)]
    return new PortError(
      meaning?.errorClass ?? 'other',
      meaning ? `${who} ${meaning.says}.` : `${who} answered with error ${code}.`,
      {
        code,
        outcome: failedOutcome(mutation, endingOf(code, severity)),
        probe: meaning?.probe ?? 'other',
        cause: withoutText(error, code),
      },
    )
  }
  const socket = fromSocketError(error, who, mutation)
  if (socket) return socket
  const message = error instanceof Error ? error.message : ''
  if (/connection terminated|connection ended|not queryable|Connection closed/i.test(message))
    return closedError(who, mutation, error)
  const outcome = failedOutcome(mutation, { kind: 'broke-off' })
  const tls = /SSL|TLS/i.test(message) || /^(ERR_TLS|ERR_SSL|EPROTO)/.test(String(code))
  return new PortError(
    tls ? 'config' : 'other',
    tls ? `The TLS set-up of ${who} was not accepted.` : `${who} failed with an unknown error.`,
    { code: typeof code === 'string' ? code : undefined, outcome, probe: 'other', cause: error },
  )
}

/** What remains of a server's error for the log: its code, and where in PostgreSQL's own source it was raised. */
function withoutText(error: unknown, sqlState: string): Error {
  const { routine } = error as { routine?: unknown }
  const from = typeof routine === 'string' && /^\w{1,60}$/.test(routine) ? ` from ${routine}` : ''
  return new Error(`SQLSTATE ${sqlState}${from}`)
}

/** The other side closed the connection without a word, as a killed server does. */
export const closedError = (who: string, mutation: boolean, cause?: unknown) =>
  new PortError('unreachable', `${who} closed the connection.`, {
    outcome: failedOutcome(mutation, { kind: 'broke-off' }),
    probe: 'closed',
    cause,
  })

/** Our own time limit passed; `phase` says in which wait. */
export const timeoutError = (who: string, phase: 'connect' | 'query', limitMs: number, mutation: boolean) =>
  new PortError(
    'timeout',
    phase === 'connect'
      ? `${who} did not let us connect within ${limitMs} ms.`
      : `${who} did not respond within ${limitMs} ms.`,
    { outcome: failedOutcome(mutation, { kind: phase === 'query' ? 'broke-off' : 'never-left' }), probe: 'timeout' },
  )
