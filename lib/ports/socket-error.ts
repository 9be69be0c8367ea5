import type { ProbeErrorKind } from '../domain/cluster/types'
import { failedOutcome } from './outcome'
import { PortError, type PortErrorClass } from './port-error'

type Kind = { errorClass: PortErrorClass; probe: ProbeErrorKind; says: string }
const unreachable = (probe: ProbeErrorKind, says: string): Kind => ({ errorClass: 'unreachable', probe, says })
const closed = unreachable('closed', 'closed the connection')
const away = unreachable('unreachable', 'is not reachable from here')
const unresolved = unreachable('unreachable', 'has a name that does not resolve right now')

/** Codes of Node's sockets and resolver, by what they say about the other side. */
const kinds: Record<string, Kind> = {
  ECONNREFUSED: unreachable('refused', 'refused the connection'),
  ECONNRESET: unreachable('reset', 'reset the connection'),
  EPIPE: closed,
  ECONNABORTED: closed,
  UND_ERR_SOCKET: closed,
  ETIMEDOUT: { errorClass: 'timeout', probe: 'timeout', says: 'did not respond' },
  UND_ERR_CONNECT_TIMEOUT: { errorClass: 'timeout', probe: 'timeout', says: 'did not respond' },
  EHOSTUNREACH: away,
  ENETUNREACH: away,
  EHOSTDOWN: away,
  EADDRNOTAVAIL: away,
  ENOTFOUND: unreachable('unreachable', 'has a name that does not resolve'),
  EAI_AGAIN: unresolved,
}

/** Codes by which our own side refuses a certificate, at the end of the handshake and before the first byte of a request. */
const refusedCertificate =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|ERR_TLS_CERT_)/
const notAccepted: Kind = {
  errorClass: 'config',
  probe: 'other',
  says: 'presented a TLS certificate that is not trusted',
}

const kindOf = (code: string): Kind | undefined =>
  kinds[code] ?? (refusedCertificate.test(code) ? notAccepted : undefined)

interface SocketFailure {
  code: string
  kind: Kind
  neverLeft: boolean
}

/** The innermost socket, resolver or certificate failure, looking through `cause` and the parts of an AggregateError. */
function failureIn(error: unknown): SocketFailure | null {
  for (let at = error, depth = 0; at && typeof at === 'object' && depth < 5; depth++) {
    const { code, cause, errors, syscall } = at as Record<'code' | 'cause' | 'errors' | 'syscall', unknown>
    if (Array.isArray(errors) && errors.length > 0) {
      // One for each address of a name.
      const parts = errors.map(failureIn)
      const first = parts[0]
      return first ? { ...first, neverLeft: parts.every((part) => part?.neverLeft === true) } : null
    }
    const kind = typeof code === 'string' ? kindOf(code) : undefined
    if (typeof code === 'string' && kind) {
      // The same codes come from a connection that had been made; only the call that failed tells them apart.
      const before = syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT'
      return { code, kind, neverLeft: before || refusedCertificate.test(code) }
    }
    at = cause
  }
  return null
}

/** A new connection ended by one of these: the other side has no listener, or there is no such host in its network. */
const noListener = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'EHOSTDOWN'])

/**
 * Does this failure prove that nothing listens at the address, so that no new traffic passes there? Every address of a name
 * must say so. A timeout, a reset, a name that does not resolve and trouble of our own network prove nothing of the other side.
 */
export function nothingListens(error: unknown): boolean {
  for (let at = error, depth = 0; at && typeof at === 'object' && depth < 5; depth++) {
    if (at instanceof PortError) {
      if (at.errorClass !== 'unreachable') return false
      if (at.cause === undefined) return noListener.has(at.detail.code ?? '')
      at = at.cause
      continue
    }
    const { code, cause, errors } = at as Record<'code' | 'cause' | 'errors', unknown>
    if (Array.isArray(errors) && errors.length > 0) return errors.every(nothingListens)
    if (typeof code === 'string') return noListener.has(code)
    at = cause
  }
  return false
}

/**
 * What a socket error says of `who`, as a PortError; null when it is not a socket error. `mutation` is true when what
 * was being sent changes something: its outcome is unknown unless no connection was made.
 */
export function fromSocketError(error: unknown, who: string, mutation = false): PortError | null {
  const failure = failureIn(error)
  if (!failure) return null
  const { code, kind, neverLeft } = failure
  return new PortError(kind.errorClass, `${who} ${kind.says}.`, {
    code,
    outcome: failedOutcome(mutation, { kind: neverLeft ? 'never-left' : 'broke-off' }),
    probe: kind.probe,
    cause: error,
  })
}
