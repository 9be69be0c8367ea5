import { PortError } from './port-error'
import { fromSocketError } from './socket-error'

/** A refusal that no repeat mends; everything else is worth another try. */
const final = new Set([400, 401, 403, 404, 405, 413, 422])

/**
 * Posts JSON to a service that takes messages, within `limitMs`; `who` begins the sentences of its failures. Answers
 * the status and at most 100,000 characters. Throws PortError when no answer comes: the outcome is then unknown.
 */
export async function postJson(
  who: string,
  url: string,
  init: { body: string; headers: Record<string, string> },
  limitMs: number,
): Promise<{ status: number; text: string }> {
  const limit = AbortSignal.timeout(limitMs)
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      signal: limit,
      ...init,
      headers: { 'content-type': 'application/json; charset=utf-8', ...init.headers },
    })
    return { status: response.status, text: (await response.text()).slice(0, 100_000) }
  } catch (error) {
    const cause = { outcome: 'unknown', cause: error } as const
    if (limit.aborted) throw new PortError('timeout', `${who} did not answer in time.`, { ...cause, probe: 'timeout' })
    throw (
      fromSocketError(error, who, true) ??
      new PortError('unreachable', `${who} cannot be reached.`, { ...cause, probe: 'unreachable' })
    )
  }
}

/** The error of an answer that says no: whether a repeat can mend it follows from its status. */
export function refusedBy(who: string, status: number, why: string): PortError {
  const lasting = final.has(status)
  return new PortError(
    status === 401 || status === 403 ? 'auth' : lasting ? 'config' : 'transient',
    `${who} refused it (${why}).`,
    { code: String(status), outcome: 'rejected', probe: lasting && status < 404 && status > 400 ? 'auth' : 'api' },
  )
}
