import { ErrorCode, LogLevel, type SlackError, WebClient } from '@slack/web-api'
import type { Chat } from '../../ports/chat'
import { refusedBy } from '../../ports/http-post'
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

/** Nothing of a message, and no token, belongs into a log. */
const silent = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => LogLevel.ERROR,
  setName() {},
}

/**
 * chat.postMessage into one channel, by Slack's own client. It tries once: the outbox alone repeats, since Slack knows no
 * key by which it would recognise a repeat. Words are escaped, so that nobody is mentioned by accident.
 */
export function createSlack(settings: SlackSettings): Chat {
  const client = new WebClient(settings.token, {
    slackApiUrl: `${settings.url.replace(/\/+$/, '')}/`,
    allowAbsoluteUrls: false,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: settings.limitMs ?? 8_000,
    logger: silent,
  })
  return {
    async say(key, { text, link, title }) {
      try {
        const { ts } = await client.chat.postMessage({
          channel: settings.channel,
          text: link ? `*<${link}|${escaped(title)}>* ${escaped(text)}` : escaped(text),
          unfurl_links: false,
          metadata: { event_type: 'castmatch_war_room', event_payload: { key } },
        })
        return { reference: ts ?? null }
      } catch (error) {
        throw toPortError(error)
      }
    },
  }
}

/** What the client's errors mean for whoever wants to send. */
function toPortError(error: unknown): PortError {
  const unknown = { outcome: 'unknown', probe: 'api', cause: error } as const
  switch ((error as Partial<SlackError>).code) {
    case ErrorCode.PlatformError: {
      const { error: why } = (error as { data: { error?: unknown } }).data
      // The client hands on the first words of a page that is no answer of Slack as if they were its error.
      if (typeof why !== 'string' || !/^[a-z0-9_]{1,80}$/.test(why))
        return new PortError('other', 'Slack answered something strange.', unknown)
      return refusedBy('Slack', passing.has(why) ? 503 : 400, why)
    }
    case ErrorCode.HTTPError: {
      const { statusCode } = error as { statusCode: number }
      return refusedBy('Slack', statusCode, `status ${statusCode}`)
    }
    case ErrorCode.RateLimitedError:
      return refusedBy('Slack', 429, 'status 429')
    default: {
      const { original, message } = error as { original?: { name?: unknown }; message?: unknown }
      // A 429 that does not say for how long has no code of its own in this client.
      if (/retry header/i.test(String(message))) return refusedBy('Slack', 429, 'status 429')
      if (original?.name === 'TimeoutError')
        return new PortError('timeout', 'Slack did not answer in time.', { ...unknown, probe: 'timeout' })
      return (
        fromSocketError(error, 'Slack', true) ??
        new PortError('unreachable', 'Slack cannot be reached.', { ...unknown, probe: 'unreachable' })
      )
    }
  }
}
