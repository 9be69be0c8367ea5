import type { Chat } from '../../ports/chat'
import { PortError } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'

export interface SlackSettings {
  /** Base of the Web API. */
  url: string
  token: string
  channel: string
  limitMs?: number
}

const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

/** Errors of Slack that a later try may not meet. */
const passing = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
])

/** A refusal that no repeat mends; everything else is worth another try. */
const final = new Set([400, 401, 403, 404, 405, 413, 422])

/** chat.postMessage into one channel. Words are escaped, so that nobody is mentioned by accident. */
export function createSlack(settings: SlackSettings): Chat {
  const url = `${settings.url.replace(/\/+$/, '')}/chat.postMessage`
  return {
    async say(key, { text, link, title }, signal) {
      const { status, text: answer } = await send(
        url,
        {
          headers: { authorization: `Bearer ${settings.token}` },
          body: JSON.stringify({
            channel: settings.channel,
            text: link ? `*<${link}|${escaped(title)}>* ${escaped(text)}` : escaped(text),
            unfurl_links: false,
            metadata: { event_type: 'castmatch_war_room', event_payload: { key } },
          }),
        },
        settings.limitMs ?? 8_000,
        signal,
      )
      if (status !== 200) throw refuse(status, `status ${status}`)
      let said: { ok?: unknown; error?: unknown }
      try {
        said = JSON.parse(answer) as typeof said
      } catch (error) {
        throw new PortError('other', 'Slack answered something strange.', {
          outcome: 'unknown',
          probe: 'api',
          cause: error,
        })
      }
      if (said.ok === true) return
      const why = String(said.error).slice(0, 80)
      throw refuse(passing.has(why) ? 503 : 400, why)
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
      throw new PortError('timeout', 'Slack did not answer in time.', {
        outcome: 'unknown',
        probe: 'timeout',
        cause: error,
      })
    throw (
      fromSocketError(error, 'Slack') ??
      new PortError('unreachable', 'Slack cannot be reached.', {
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
    `Slack refused it (${why}).`,
    { code: String(status), outcome: 'rejected', probe: lasting && status < 404 && status > 400 ? 'auth' : 'api' },
  )
}
