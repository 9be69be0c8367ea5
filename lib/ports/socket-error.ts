import type { ProbeErrorKind } from '../domain/cluster/types'
import { PortError } from './port-error'

/** Codes of Node's sockets and resolver, by what they say about the other side. */
const kinds: Record<string, { probe: ProbeErrorKind; says: string; sent: boolean }> = {
  ECONNREFUSED: { probe: 'refused', says: 'refused the connection', sent: false },
  ECONNRESET: { probe: 'reset', says: 'reset the connection', sent: true },
  EPIPE: { probe: 'closed', says: 'closed the connection', sent: true },
  ECONNABORTED: { probe: 'closed', says: 'closed the connection', sent: true },
  ETIMEDOUT: { probe: 'timeout', says: 'did not answer', sent: true },
  EHOSTUNREACH: { probe: 'unreachable', says: 'cannot be reached from here', sent: false },
  ENETUNREACH: { probe: 'unreachable', says: 'cannot be reached from here', sent: false },
  EHOSTDOWN: { probe: 'unreachable', says: 'cannot be reached from here', sent: false },
  EADDRNOTAVAIL: { probe: 'unreachable', says: 'cannot be reached from here', sent: false },
  ENOTFOUND: { probe: 'unreachable', says: 'has a name that does not resolve', sent: false },
  EAI_AGAIN: { probe: 'unreachable', says: 'has a name that cannot be resolved now', sent: false },
}

/** The code of a socket or resolver error, looking through `cause` and the parts of an AggregateError. */
export function socketCode(error: unknown): string | null {
  for (let at = error, depth = 0; at && typeof at === 'object' && depth < 5; depth++) {
    const { code, cause, errors } = at as { code?: unknown; cause?: unknown; errors?: unknown }
    if (typeof code === 'string' && code in kinds) return code
    at = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  }
  return null
}

/**
 * What a socket error says of `who`, as a PortError; null when it is not a socket error. `mutation` is true when what
 * was being sent changes something: a connection that broke after it stood leaves its outcome unknown.
 */
export function fromSocketError(error: unknown, who: string, mutation = false): PortError | null {
  const code = socketCode(error)
  const found = code ? kinds[code] : undefined
  if (!code || !found) return null
  return new PortError(found.probe === 'timeout' ? 'timeout' : 'unreachable', `${who} ${found.says}.`, {
    code,
    outcome: mutation && found.sent ? 'unknown' : 'rejected',
    probe: found.probe,
    cause: error,
  })
}
