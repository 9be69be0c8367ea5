import { postJson, refusedBy } from '../../ports/http-post'
import type { Pager } from '../../ports/pager'

export interface PagerdutySettings {
  url: string
  routingKey: string
  limitMs?: number
}

/** Events API v2: the key is the dedup_key, so that a repeat joins the same alert. */
export function createPagerduty(settings: PagerdutySettings): Pager {
  const url = `${settings.url.replace(/\/+$/, '')}/v2/enqueue`
  return {
    async page(key, message, signal) {
      const { status } = await postJson(
        'PagerDuty',
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
      if (status !== 202 && status !== 200) throw refusedBy('PagerDuty', status, `status ${status}`)
    },
  }
}
