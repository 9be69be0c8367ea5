import type { Pager } from '../../ports/pager'
import { PortError } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'

export interface PagerdutySettings {
  url: string
  routingKey: string
  limitMs?: number
}

/** A refusal that no repeat mends; everything else is worth another try. */
const final = new Set([400, 401, 403, 404, 405, 413, 422])

/** Events API v2: the key is the dedup_key, so that a repeat joins the same alert. */
export function createPagerduty(settings: PagerdutySettings): Pager {
  const url = `${settings.url.replace(/\/+$/, '')}/v2/enqueue`
  return {
    async page(key, message, signal) {
      const { status } = await send(
        url,
        {
          headers: {},
          body: JSON.stringify({
            routing_key: settings.routingKey,
            event_action: 'trigger',
            dedup_key: key,
            client: 'CastMatch War Room',
            client_url: message.link,
            links: [{ href: message.link, text: message.incident }],
            payload: {
              summary: message.summary.slice(0, 1024),
              source: 'castmatch-war-room',
              severity: message.severity,
              custom_details: { level: message.level, incident: message.incident },
            },
          }),
        },
        settings.limitMs ?? 8_000,
        signal,
      )
      if (status !== 202 && status !== 200) throw refuse(status, `status ${status}`)
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
      throw new PortError('timeout', 'PagerDuty did not answer in time.', {
        outcome: 'unknown',
        probe: 'timeout',
        cause: error,
      })
    throw (
      fromSocketError(error, 'PagerDuty') ??
      new PortError('unreachable', 'PagerDuty cannot be reached.', {
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
    `PagerDuty refused it (${why}).`,
    { code: String(status), outcome: 'rejected', probe: lasting && status < 404 && status > 400 ? 'auth' : 'api' },
  )
}
