import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { failedOutcome, outcomeOf, unreadableAnswer } from './outcome'
import { PortError } from './port-error'
import { fromSocketError } from './socket-error'

/** Refusals that no repeat mends, by their status. */
const lasting = new Set([400, 401, 403, 404, 405, 413, 422])

/** What a whole answer says, read in the service's own format; `why` in its own words when it refuses and says so. */
export type Reading<T> =
  | { means: 'done'; value: T }
  | { means: 'refused'; why: string | null }
  | { means: 'unreadable' }

/**
 * Posts JSON to a service that takes messages, within `limitMs`, and answers what `read` finds in its answer; `who` begins the
 * sentences of its failures. Throws PortError unless the message was taken: `rejected` when it certainly was not.
 */
export async function postJson<T>(
  who: string,
  url: string,
  init: { body: string; headers: Record<string, string> },
  limitMs: number,
  read: (text: string, status: number) => Reading<T>,
): Promise<T> {
  const { status, text: answer } = await post(who, url, init, limitMs)
  const reading = read(answer, status)
  const outcome = outcomeOf({ kind: 'answered', status, means: reading.means })
  if (reading.means === 'done' && outcome === 'accepted') return reading.value
  if (reading.means === 'refused' && outcome === 'rejected') throw refusedBy(who, status, reading.why)
  throw unreadableAnswer(who, status, true)
}

/**
 * One POST by Node's own client, which follows nothing, repeats nothing and tells an answer that was cut from a whole one;
 * `fetch` takes a connection that ends between two chunks for the end of the answer.
 */
async function post(
  who: string,
  url: string,
  init: { body: string; headers: Record<string, string> },
  limitMs: number,
): Promise<{ status: number; text: string }> {
  const limit = AbortSignal.timeout(limitMs)
  try {
    const { request } = url.startsWith('http:') ? http : https
    const sent = request(url, {
      method: 'POST',
      signal: limit,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(init.body),
        ...init.headers,
      },
    })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve)
      sent.on('error', reject)
      // Also where the other side wants to go on in another protocol.
      sent.on('close', () => reject(new Error('The connection was closed before a response.')))
    })
    sent.end(init.body)
    const response = await answered
    // Rejects when the connection ends before the answer does.
    return { status: response.statusCode ?? 0, text: await text(response) }
  } catch (error) {
    const outcome = failedOutcome(true, { kind: 'broke-off' })
    const cause = { outcome, cause: error }
    if (limit.aborted) throw new PortError('timeout', `${who} did not respond in time.`, { ...cause, probe: 'timeout' })
    throw (
      fromSocketError(error, who, true) ??
      new PortError('unreachable', `${who} cannot be reached.`, { ...cause, probe: 'unreachable' })
    )
  }
}

/** A refusal in the service's own words; whether a repeat can mend it follows from its status. */
function refusedBy(who: string, status: number, why: string | null): PortError {
  const denied = status === 401 || status === 403
  const errorClass = denied ? 'auth' : lasting.has(status) ? 'config' : 'transient'
  return new PortError(errorClass, `${who} refused it (status ${status}${why ? `: ${why}` : ''}).`, {
    code: String(status),
    outcome: 'rejected',
    probe: denied ? 'auth' : 'api',
  })
}

/** The object in a JSON text; null for anything else. */
export function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
