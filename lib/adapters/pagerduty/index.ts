import type { PageFollowUp } from '../../domain/outbox'
import { postJson, refusedBy } from '../../ports/http-post'
import type { Pager } from '../../ports/pager'

export interface PagerdutySettings {
  url: string
  routingKey: string
  limitMs?: number
}

/** Events API v2: the key is the dedup_key, so that a repeat joins the same alert. One attempt each (decision 0016). */
export function createPagerduty(settings: PagerdutySettings): Pager {
  const url = `${settings.url.replace(/\/+$/, '')}/v2/enqueue`
  async function enqueue(action: 'trigger' | PageFollowUp['tells'], key: string, more: object) {
    const { status, text } = await postJson(
      'PagerDuty',
      url,
      {
        headers: {},
        body: JSON.stringify({ routing_key: settings.routingKey, event_action: action, dedup_key: key, ...more }),
      },
      settings.limitMs ?? 8_000,
    )
    if (status !== 202 && status !== 200) throw refusedBy('PagerDuty', status, `status ${status}`)
    return { reference: dedupKey(text) }
  }
  return {
    page: (key, message) =>
      enqueue('trigger', key, {
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
    acknowledge: (key) => enqueue('acknowledge', key, {}),
    resolve: (key) => enqueue('resolve', key, {}),
  }
}

/** What PagerDuty calls the alert; null when its answer does not say. */
function dedupKey(answer: string): string | null {
  try {
    const { dedup_key: key } = JSON.parse(answer) as { dedup_key?: unknown }
    return typeof key === 'string' ? key.slice(0, 255) : null
  } catch {
    return null
  }
}
