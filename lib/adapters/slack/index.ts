import type { Chat } from '../../ports/chat'
import { postJson, refusedBy } from '../../ports/http-post'
import { PortError } from '../../ports/port-error'

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

/** chat.postMessage into one channel. Words are escaped, so that nobody is mentioned by accident. */
export function createSlack(settings: SlackSettings): Chat {
  const url = `${settings.url.replace(/\/+$/, '')}/chat.postMessage`
  return {
    async say(key, { text, link, title }, signal) {
      const { status, text: answer } = await postJson(
        'Slack',
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
      if (status !== 200) throw refusedBy('Slack', status, `status ${status}`)
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
      throw refusedBy('Slack', passing.has(why) ? 503 : 400, why)
    },
  }
}
