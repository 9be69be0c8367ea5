import type { Chat } from '../../ports/chat'
import { PortError } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'

export interface StatusPageSettings {
  url: string
  token: string
  limitMs?: number
}

/** A refusal that no repeat mends; everything else is worth another try. */
const final = new Set([400, 401, 403, 404, 405, 413, 422])

/** Posts an update for the public as JSON; the key goes along as Idempotency-Key. */
export function createStatusPage(settings: StatusPageSettings): Chat {
  return {
    async say(key, { text, title }, signal) {
      const { status } = await send(
        settings.url,
        {
          headers: { authorization: `Bearer ${settings.token}`, 'idempotency-key': key },
          body: JSON.stringify({ title, text }),
        },
        settings.limitMs ?? 8_000,
        signal,
      )
      if (status < 200 || status > 299) throw refuse(status, `status ${status}`)
    },
  }
}

async function send(
  url: string,
  init: { body: string; headers: Record<string, string> },
  limitMs: number,
  outer?: AbortSignal,
) {
  const limit = AbortSignal.timeout(limitMs)
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      signal: outer ? AbortSignal.any([outer, limit]) : limit,
      ...init,
      headers: { 'content-type': 'application/json; charset=utf-8', ...init.headers },
    })
    return { status: response.status, text: (await response.text()).slice(0, 100_000) }
  } catch (error) {
    if (limit.aborted)
      throw new PortError('timeout', 'The status page did not answer in time.', {
        outcome: 'unknown',
        probe: 'timeout',
        cause: error,
      })
    throw (
      fromSocketError(error, 'The status page') ??
      new PortError('unreachable', 'The status page cannot be reached.', {
        outcome: 'unknown',
        probe: 'unreachable',
        cause: error,
      })
    )
  }
}

function refuse(status: number, why: string): PortError {
  const lasting = final.has(status)
  return new PortError(
    status === 401 || status === 403 ? 'auth' : lasting ? 'config' : 'transient',
    `The status page refused it (${why}).`,
    { code: String(status), outcome: 'rejected', probe: lasting && status < 404 && status > 400 ? 'auth' : 'api' },
  )
}
