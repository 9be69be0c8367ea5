import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { cleanLine, shorten } from '../domain/text'
import type { ReceivedAlert } from '../store/alert'

/*
 * Alerts from outside: Alertmanager's webhook (a bearer token) and PagerDuty's v3 webhook (a signature over the body).
 * Nothing is believed before the token or signature was checked, and the body is never longer than `maxBytes`.
 */
export const maxBytes = 256 * 1024
const maxAlerts = 100

interface AlertSecrets {
  token: string | null
  pagerdutySecret: string | null
}

export interface ParsedWebhook {
  alerts: ReceivedAlert[]
  /** Pages of ours that somebody acknowledged: the key that we sent, and who. */
  acknowledged: { key: string; by: string }[]
  /** What the sender knows this delivery by, when it names its events: taken once, however often it is sent. */
  event: { source: 'pagerduty'; id: string } | null
}

/**
 * PagerDuty's signature holds no time, so the event's own time is the limit to a replay: one older than this is refused,
 * and the ids of younger ones are kept until they are older. Whoever was away longer finds the alert in PagerDuty.
 */
export const maxEventAgeMs = 3_600_000
/** How far a sender's clock may run before ours. */
const maxEventLeadMs = 300_000

type Refusal = { status: 401 | 400 | 413 | 429 | 404; error: string }

const same = (a: string, b: string): boolean => {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}

/** Is `header` ("v1=<hex>", several by comma) the signature of this body? */
export function pagerdutySigned(header: string, body: string, secret: string): boolean {
  const expected = `v1=${createHmac('sha256', secret).update(body, 'utf8').digest('hex')}`
  return header.split(',').some((part) => same(part.trim(), expected))
}

const text = z.string().max(5000)
const alertmanager = z.object({
  alerts: z
    .array(
      z.object({
        status: z.enum(['firing', 'resolved']),
        labels: z.record(z.string(), text),
        annotations: z.record(z.string(), text).default({}),
        fingerprint: z.string().max(100).optional(),
      }),
    )
    .max(maxAlerts),
})
const pagerduty = z.object({
  event: z.object({
    id: z.string().min(1).max(100),
    event_type: z.string().max(100),
    occurred_at: z.iso.datetime({ offset: true }),
    agent: z.object({ summary: text.optional() }).nullish(),
    data: z.object({
      /** Absent in the ping that PagerDuty itself sends as a test of a subscription. */
      id: z.string().max(100).optional(),
      title: text.optional(),
      urgency: z.string().max(40).nullish(),
      incident_key: z.string().max(300).nullish(),
    }),
  }),
})

const short = (value: string): string => shorten(cleanLine(value), 300)

/** Checks and reads a webhook. `now` in ms. */
export function readWebhook(
  request: { authorization: string | null; pagerdutySignature: string | null; body: string },
  secrets: AlertSecrets,
  now: number,
): ParsedWebhook | Refusal {
  const { authorization, pagerdutySignature, body } = request
  if (secrets.token === null && secrets.pagerdutySecret === null)
    return { status: 404, error: 'Alerts are not accepted: no token or secret is configured.' }
  const signed =
    pagerdutySignature !== null &&
    secrets.pagerdutySecret !== null &&
    pagerdutySigned(pagerdutySignature, body, secrets.pagerdutySecret)
  const known = secrets.token !== null && authorization !== null && same(authorization, `Bearer ${secrets.token}`)
  if (!signed && !known) return { status: 401, error: 'The signature or token is not valid.' }
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return { status: 400, error: 'This is not JSON.' }
  }
  if (signed) {
    const parsed = pagerduty.safeParse(json)
    if (!parsed.success) return { status: 400, error: 'This is not a PagerDuty event.' }
    const { event } = parsed.data
    const ageMs = now - Date.parse(event.occurred_at)
    if (ageMs > maxEventAgeMs) return { status: 400, error: 'This event is rejected: it is more than 1 h old.' }
    if (ageMs < -maxEventLeadMs)
      return { status: 400, error: 'This event is more than 5 min in the future. Check both clocks.' }
    return { ...fromPagerduty(event), event: { source: 'pagerduty', id: cleanLine(event.id) } }
  }
  const parsed = alertmanager.safeParse(json)
  if (!parsed.success) return { status: 400, error: 'These are not Alertmanager alerts.' }
  return {
    event: null,
    acknowledged: [],
    alerts: parsed.data.alerts.map(({ status, labels, annotations, fingerprint }) => ({
      source: 'alertmanager',
      fingerprint:
        (fingerprint && cleanLine(fingerprint)) ||
        createHmac('sha256', 'alert')
          .update(JSON.stringify(Object.entries(labels).toSorted()))
          .digest('hex')
          .slice(0, 32),
      title: short(annotations.summary ?? labels.alertname ?? 'Alert without a name'),
      severity: labels.severity ? short(labels.severity) : null,
      resolved: status === 'resolved',
      at: now,
    })),
  }
}

function fromPagerduty(event: z.infer<typeof pagerduty>['event']): Omit<ParsedWebhook, 'event'> {
  const { event_type: type, occurred_at, agent, data } = event
  const key = data.incident_key ?? null
  // Pages that we sent come back as incidents of PagerDuty; they are ours, not alerts.
  if (key?.startsWith('page-'))
    return {
      alerts: [],
      acknowledged:
        type === 'incident.acknowledged' ? [{ key, by: short(agent?.summary ?? 'someone in PagerDuty') }] : [],
    }
  const told = type === 'incident.triggered' || type === 'incident.resolved' || type === 'incident.reopened'
  if (!told || data.id === undefined) return { alerts: [], acknowledged: [] }
  return {
    acknowledged: [],
    alerts: [
      {
        source: 'pagerduty',
        fingerprint: cleanLine(data.id),
        title: short(data.title ?? 'Incident of PagerDuty'),
        severity: data.urgency ? short(data.urgency) : null,
        resolved: type === 'incident.resolved',
        at: Date.parse(occurred_at),
      },
    ],
  }
}

/** So many requests a minute; the rest is turned away. */
export function rateLimit(perMinute: number): (now: number) => boolean {
  let tokens = perMinute
  let last = 0
  return (now) => {
    tokens = Math.min(perMinute, tokens + ((now - last) / 60_000) * perMinute)
    last = now
    if (tokens < 1) return false
    tokens -= 1
    return true
  }
}

/** Reads at most `limit` bytes of a body; null when it is longer. */
export async function readAtMost(request: Request, limit: number): Promise<string | null> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) return null
  const reader = request.body?.getReader()
  if (!reader) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks).toString('utf8')
    size += value.byteLength
    if (size > limit) {
      await reader.cancel().catch(() => {})
      return null
    }
    chunks.push(value)
  }
}
