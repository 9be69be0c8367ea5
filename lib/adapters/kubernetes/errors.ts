import { failedOutcome, unreadableAnswer } from '../../ports/outcome'
import { PortError, type PortErrorClass } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'

const who = 'Kubernetes'

/** Failures of the API server itself, which it may have had in the middle of the work (meta/v1, StatusReason). */
const serverFaults = new Set(['InternalError', 'ServerTimeout', 'Timeout', 'ServiceUnavailable', 'StoreReadError'])

/**
 * Meaning of an answer that is no success. Only a Status object that says the same as the status of HTTP is one of
 * Kubernetes' own; anything else, such as the page of a proxy, says nothing of what was asked for.
 */
export function refusalOf(status: number, text: string, mutation: boolean): PortError {
  const found = failureIn(text)
  if (found?.code !== status) return unreadableAnswer(who, status, mutation)
  const { reason } = found
  const errorClass = classOf(status)
  const means = reason !== null && serverFaults.has(reason) ? 'unreadable' : 'refused'
  const says: Partial<Record<PortErrorClass, string>> = {
    auth: status === 403 ? 'denies this identity the right to do that' : 'refused our credentials',
    missing: 'does not know what was named',
    state: 'reports a concurrent change',
    transient: status === 429 ? 'is throttling our requests' : 'cannot serve the request right now',
    config: 'does not accept the request',
  }
  return new PortError(errorClass, `${who} ${says[errorClass]} (${reason ?? `status ${status}`}).`, {
    code: reason ?? String(status),
    outcome: failedOutcome(mutation, { kind: 'answered', status, means }),
    probe: errorClass === 'auth' ? 'auth' : 'api',
  })
}

/** What a Status object of a failure says; null when the text is none. An admission webhook may give no reason. */
function failureIn(text: string): { code: number; reason: string | null } | null {
  try {
    const { kind, status, code, reason } = JSON.parse(text) as Record<'kind' | 'status' | 'code' | 'reason', unknown>
    if (kind !== 'Status' || status !== 'Failure' || typeof code !== 'number') return null
    return { code, reason: typeof reason === 'string' && reason !== '' ? reason : null }
  } catch {
    return null
  }
}

function classOf(status: number): PortErrorClass {
  if (status === 401 || status === 403) return 'auth'
  if (status === 404) return 'missing'
  if (status === 409) return 'state'
  return status === 410 || status === 429 || status >= 500 ? 'transient' : 'config'
}

/** Our own time limit passed; `left` is false while nothing of the request was on its way. */
export const lateError = (what: string, limitMs: number, mutation: boolean, left = true) =>
  new PortError('timeout', `${who} ${what} within ${limitMs} ms.`, {
    outcome: failedOutcome(mutation, { kind: left ? 'broke-off' : 'never-left' }),
    probe: 'timeout',
  })

/** What went wrong before there was a request: a credentials plugin, a token file, a set-up that is not allowed. */
export function notAsked(error: unknown, mutation: boolean): PortError {
  if (error instanceof PortError) return error
  return new PortError('auth', `${who} was not asked: its credentials or its TLS set-up could not be read.`, {
    outcome: failedOutcome(mutation, { kind: 'never-left' }),
    probe: 'auth',
    cause: error,
  })
}

/** A failure below HTTP, once the request was on its way: sockets and TLS. */
export function fromRequestError(error: unknown, mutation: boolean): PortError {
  if (error instanceof PortError) return error
  const socket = fromSocketError(error, who, mutation)
  if (socket) return socket
  const { code } = (error ?? {}) as { code?: string }
  const outcome = failedOutcome(mutation, { kind: 'broke-off' })
  return /^(ERR_SSL_|ERR_TLS_|EPROTO)/.test(String(code))
    ? new PortError('config', `${who} and we could not agree on TLS.`, { code, outcome, probe: 'other', cause: error })
    : new PortError('other', `The request to ${who} failed with an unknown error.`, {
        code,
        outcome,
        probe: 'other',
        cause: error,
      })
}

export const closedByServer = (mutation: boolean) =>
  new PortError('unreachable', `${who} closed the connection.`, {
    outcome: failedOutcome(mutation, { kind: 'broke-off' }),
    probe: 'closed',
  })
