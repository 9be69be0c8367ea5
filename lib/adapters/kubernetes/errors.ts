import { PortError, type PortErrorClass } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'

/** Meaning of an HTTP status of the Kubernetes API; `reason` is the Status object's own word. */
export function fromStatus(status: number, reason: string | null, mutation: boolean): PortError {
  const errorClass: PortErrorClass =
    status === 401 || status === 403
      ? 'auth'
      : status === 404
        ? 'missing'
        : status === 409
          ? 'state'
          : status === 410 || status === 429 || status >= 500
            ? 'transient'
            : 'config'
  const says: Partial<Record<PortErrorClass, string>> = {
    auth: status === 403 ? 'denies this identity the right to do that' : 'refused our credentials',
    missing: 'does not know what was named',
    state: 'says that somebody else changed it meanwhile',
    transient: status === 429 ? 'is throttling our requests' : 'cannot serve the request right now',
    config: 'does not accept the request',
  }
  return new PortError(errorClass, `Kubernetes ${says[errorClass]} (${reason ?? `status ${status}`}).`, {
    code: reason ?? String(status),
    outcome: mutation && status >= 500 ? 'unknown' : 'rejected',
    probe: errorClass === 'auth' ? 'auth' : 'api',
  })
}

export const lateError = (what: string, limitMs: number, mutation: boolean) =>
  new PortError('timeout', `Kubernetes ${what} within ${limitMs} ms.`, {
    outcome: mutation ? 'unknown' : 'rejected',
    probe: 'timeout',
  })

/** A failure below HTTP: sockets, TLS, credentials plugins. */
export function fromRequestError(error: unknown, mutation: boolean): PortError {
  if (error instanceof PortError) return error
  const socket = fromSocketError(error, 'Kubernetes', mutation)
  if (socket) return socket
  const { code, message = '' } = (error ?? {}) as { code?: string; message?: string }
  if (/cert|altname|self.signed|SSL|TLS|HTTP protocol is not allowed/i.test(`${code} ${message}`))
    return new PortError('config', "The TLS certificate of Kubernetes' API was not accepted.", {
      code,
      outcome: 'rejected',
      probe: 'other',
      cause: error,
    })
  return new PortError('other', 'The request to Kubernetes failed in a way that is not known.', {
    code,
    outcome: mutation ? 'unknown' : 'rejected',
    probe: 'other',
    cause: error,
  })
}

export const closedByServer = (mutation: boolean) =>
  new PortError('unreachable', 'Kubernetes closed the connection.', {
    outcome: mutation ? 'unknown' : 'rejected',
    probe: 'closed',
  })
