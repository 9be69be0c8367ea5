import type { PageFollowUp } from '../../domain/outbox'
import { cutText } from '../../domain/text'
import type { Taken } from '../../ports/chat'
import { objectIn, postJson, type Reading } from '../../ports/http-post'
import type { Pager } from '../../ports/pager'

interface PagerdutySettings {
  url: string
  routingKey: string
  limitMs?: number
}

/** Events API v2: the key is the dedup_key, so that a repeat joins the same alert. One attempt each (decision 0016). */
export function createPagerduty(settings: PagerdutySettings): Pager {
  const url = `${settings.url.replace(/\/+$/, '')}/v2/enqueue`
  const enqueue = (action: 'trigger' | PageFollowUp['tells'], key: string, more: object) =>
    postJson(
      'PagerDuty',
      url,
      {
        headers: {},
        body: JSON.stringify({ routing_key: settings.routingKey, event_action: action, dedup_key: key, ...more }),
      },
      settings.limitMs ?? 8_000,
      (text) => read(text, key),
    )
  return {
    page: (key, message) =>
      enqueue('trigger', key, {
        client: 'CastMatch War Room',
        ...(message.link === null
          ? {}
          : { client_url: message.link, links: [{ href: message.link, text: message.incident }] }),
        payload: {
          summary: cutText(message.summary, 1024),
          source: 'castmatch-war-room',
          severity: message.severity,
          custom_details: { level: message.level, incident: message.incident },
        },
      }),
    acknowledge: (key) => enqueue('acknowledge', key, {}),
    resolve: (key) => enqueue('resolve', key, {}),
  }
}

/** An answer of Events API v2: the event was taken under our key, or refused with a status in words. */
function read(text: string, key: string): Reading<Taken> {
  const answer = objectIn(text)
  const status = answer?.status
  if (status === 'success' && answer?.dedup_key === key) return { means: 'done', value: { reference: key } }
  if (typeof status === 'string' && status !== 'success' && typeof answer?.message === 'string')
    return { means: 'refused', why: cutText(status, 80) }
  return { means: 'unreadable' }
}
