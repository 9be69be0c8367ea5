import { ErrorCode, LogLevel, type SlackError, WebClient } from '@slack/web-api'
import type { Chat } from '../../ports/chat'
import { type Ending, failedOutcome, unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'

interface SlackSettings {
  /** Base of the Web API. */
  url: string
  token: string
  channel: string
  limitMs?: number
}

const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

/** Errors of Slack that a later try may not meet. */
const passing = new Set(['ratelimited', 'rate_limited', 'request_timeout'])
/** Errors by which Slack says that some of it may have been done all the same, or that it failed by itself. */
const doubtful = new Set(['internal_error', 'fatal_error', 'service_unavailable'])

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
        const { ts, channel } = await client.chat.postMessage({
          channel: settings.channel,
          text: link ? `*<${link}|${escaped(title)}>* ${escaped(text)}` : escaped(text),
          unfurl_links: false,
          metadata: { event_type: 'castmatch_war_room', event_payload: { key } },
        })
        // Other methods answer that all is well, too; only a message has its time in its channel.
        if (!ts || !channel) throw unreadableAnswer('Slack', 200, true)
        return { reference: ts }
      } catch (error) {
        throw toPortError(error)
      }
    },
  }
}

/** What the client's errors mean for whoever wants to send. */
function toPortError(error: unknown): PortError {
  if (error instanceof PortError) return error
  const outcome = failedOutcome(true, { kind: 'broke-off' })
  switch ((error as Partial<SlackError>).code) {
    case ErrorCode.PlatformError: {
      const { error: why } = (error as { data: { error?: unknown } }).data
      // The client hands on the first words of a page that is no answer of Slack as if they were its error.
      const own = typeof why === 'string' && /^[a-z0-9_]{1,80}$/.test(why)
      return own ? refusal(why, error) : unreadableAnswer('Slack', 200, true, error)
    }
    case ErrorCode.HTTPError: {
      // Slack answers with 200, whatever it says; other statuses come of what stands in between.
      const { statusCode } = error as { statusCode: number }
      return unreadableAnswer('Slack', statusCode, true, error)
    }
    case ErrorCode.RateLimitedError:
      return limited(error)
    default: {
      const { original, message, name } = error as { original?: { name?: unknown }; message?: unknown; name?: unknown }
      // A 429 that does not say for how long has no code of its own in this client.
      if (/retry header/i.test(String(message))) return limited(error)
      if (name === 'TimeoutError' || original?.name === 'TimeoutError')
        return new PortError('timeout', 'Slack did not respond in time.', { outcome, probe: 'timeout', cause: error })
      return (
        fromSocketError(error, 'Slack', true) ??
        new PortError('unreachable', 'Slack cannot be reached.', { outcome, probe: 'unreachable', cause: error })
      )
    }
  }
}

/** Slack says what it means in its body alone; its status means nothing. */
function refusal(why: string, cause: unknown): PortError {
  const ending: Ending = { kind: 'answered', status: null, means: doubtful.has(why) ? 'unreadable' : 'refused' }
  const again = passing.has(why) || doubtful.has(why)
  return new PortError(again ? 'transient' : 'config', `Slack refused it (${why}).`, {
    code: why,
    outcome: failedOutcome(true, ending),
    probe: 'api',
    cause,
  })
}

/** The client does not say whether a 429 was Slack's own. */
const limited = (cause: unknown) =>
  new PortError('transient', 'Slack limits how often it takes a message (status 429).', {
    code: '429',
    outcome: failedOutcome(true, { kind: 'broke-off' }),
    probe: 'api',
    cause,
  })
