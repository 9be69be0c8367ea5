import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { gravities, gravityOf, isHeartbeat, isOwn, type OwnAlerts } from '../domain/alert'
import { cleanLine, isLine, shorten } from '../domain/text'
import { byteWords, counted } from '../domain/units'
import type { ReceivedAlert } from '../store/alert'

/*
 * Alerts from outside: Alertmanager's webhook (a bearer token) and PagerDuty's v3 webhook (a signature over the body).
 * Nothing is believed before the token or signature was checked.
 */
/** Longer bodies are not read: of PagerDuty's events, and of Alertmanager's deliveries, whose token is checked first. */
export const maxEventBytes = 256 * 1024
export const maxDeliveryBytes = 16 * 1024 * 1024
/** So many alerts of one delivery are kept, the gravest first. */
const mostKept = 1_000

interface AlertSecrets {
  token: string | null
  pagerdutySecret: string | null
}

export interface ParsedWebhook {
  alerts: ReceivedAlert[]
  /** An alert of our own that a delivery without losses ends: it said that alerts of the same group were not kept. */
  ended: Pick<ReceivedAlert, 'source' | 'fingerprint' | 'at'>[]
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
export function pagerdutySigned(header: string, body: Uint8Array, secret: string): boolean {
  const expected = `v1=${createHmac('sha256', secret).update(body).digest('hex')}`
  return header.split(',').some((part) => same(part.trim(), expected))
}

/** A delivery of Alertmanager; each alert is read for itself, so that one of another shape costs no other. */
const delivery = z.object({
  alerts: z.array(z.unknown()),
  groupKey: z.string().catch(''),
  receiver: z.string().catch(''),
  /** How many Alertmanager itself left out (`max_alerts`). */
  truncatedAlerts: z.number().int().nonnegative().catch(0),
})
const alertmanagerAlert = z.object({
  status: z.enum(['firing', 'resolved']),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()).catch({}),
  fingerprint: z.string().catch(''),
})
const text = z.string().max(5000)
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

/** Is this header the token that Alertmanager was given? */
export const tokenFits = (authorization: string | null, token: string | null): boolean =>
  token !== null && authorization !== null && same(authorization, `Bearer ${token}`)

/** Checks and reads a webhook; `own`: the labels that an alert of this environment has. `now` in ms. */
export function readWebhook(
  request: { authorization: string | null; pagerdutySignature: string | null; body: Uint8Array },
  secrets: AlertSecrets,
  own: OwnAlerts,
  now: number,
): ParsedWebhook | Refusal {
  const { authorization, pagerdutySignature, body } = request
  if (secrets.token === null && secrets.pagerdutySecret === null)
    return { status: 404, error: 'Alerts are not accepted: no token or secret is configured.' }
  const signed =
    pagerdutySignature !== null &&
    secrets.pagerdutySecret !== null &&
    pagerdutySigned(pagerdutySignature, body, secrets.pagerdutySecret)
  if (!signed && !tokenFits(authorization, secrets.token))
    return { status: 401, error: 'The signature or token is not valid.' }
  let json: unknown
  try {
    // What is not UTF-8 in it becomes U+FFFD: an alert is not lost for its spelling.
    json = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return { status: 400, error: 'This is not JSON.' }
  }
  if (!signed) return fromAlertmanager(json, own, now)
  const parsed = pagerduty.safeParse(json)
  if (!parsed.success) return { status: 400, error: 'This is not a PagerDuty event.' }
  const { event } = parsed.data
  const ageMs = now - Date.parse(event.occurred_at)
  if (ageMs > maxEventAgeMs) return { status: 400, error: 'This event is rejected: it is more than 1 h old.' }
  if (ageMs < -maxEventLeadMs)
    return { status: 400, error: 'This event is more than 5 min in the future. Check both clocks.' }
  return { ...fromPagerduty(event), ended: [], event: { source: 'pagerduty', id: cleanLine(event.id) } }
}

/**
 * The alerts of a delivery of Alertmanager. It does not repeat what was refused, so whatever can be read is kept: fields
 * are cut, alerts of another shape and those beyond the limit are counted, and the count is an alert of its own. Heartbeats
 * and alerts about other systems are left out.
 */
function fromAlertmanager(json: unknown, own: OwnAlerts, now: number): ParsedWebhook | Refusal {
  const parsed = delivery.safeParse(json)
  if (!parsed.success) return { status: 400, error: 'These are not Alertmanager alerts.' }
  const { alerts: sent, groupKey, receiver, truncatedAlerts } = parsed.data
  const read = sent.flatMap((each) => {
    const alert = alertmanagerAlert.safeParse(each)
    return alert.success ? [alert.data] : []
  })
  if (sent.length > 0 && read.length === 0) return { status: 400, error: 'These are not Alertmanager alerts.' }
  const wanted = read
    .filter(({ labels }) => isOwn(own, labels) && !isHeartbeat(labels.alertname ?? null, labels.severity ?? null))
    .map((alert) => ({ ...alert, gravity: gravities.indexOf(gravityOf(alert.labels.severity ?? null)) }))
    .toSorted((a, b) => a.gravity - b.gravity)
  const lost = truncatedAlerts + sent.length - read.length + Math.max(0, wanted.length - mostKept)
  const kept = wanted.slice(0, mostKept).map(
    ({ status, labels, annotations, fingerprint }): ReceivedAlert => ({
      source: 'alertmanager',
      fingerprint: fingerprintOf(fingerprint, labels),
      name: labels.alertname ? short(labels.alertname) : null,
      title: short(annotations.summary || labels.alertname || 'Alert without a name'),
      severity: labels.severity ? short(labels.severity) : null,
      resolved: status === 'resolved',
      at: now,
    }),
  )
  const loss = { source: 'alertmanager' as const, fingerprint: `not-kept-${digest([receiver, groupKey])}`, at: now }
  const of = groupKey && groupKey !== '{}:{}' ? ` of the group ${groupKey}` : ''
  return {
    event: null,
    acknowledged: [],
    ended: lost === 0 ? [loss] : [],
    alerts:
      lost === 0
        ? kept
        : [
            ...kept,
            notKept(
              loss.fingerprint,
              `${counted(lost, 'more alert')}${of} ${lost === 1 ? 'is' : 'are'} not in this list`,
              now,
            ),
          ],
  }
}

/** What stands in the list for alerts that are not in it. */
const notKept = (fingerprint: string, title: string, now: number): ReceivedAlert => ({
  ...{ source: 'alertmanager', fingerprint, name: 'Alerts not kept', title: short(title) },
  ...{ severity: null, resolved: false, at: now },
})

/** What is kept of a delivery whose sender is known and which is too long to be read. */
export const tooLong = (now: number): ParsedWebhook => ({
  ...{ event: null, acknowledged: [], ended: [] },
  alerts: [
    notKept(
      'not-kept-too-long',
      `A delivery from Alertmanager was longer than ${byteWords(maxDeliveryBytes)} and was not read. Look there.`,
      now,
    ),
  ],
})

const digest = (of: unknown): string =>
  createHmac('sha256', 'alert').update(JSON.stringify(of)).digest('hex').slice(0, 32)

/** What Alertmanager knows an alert by; where that is empty, far too long or not fit to be kept, what follows from its labels. */
function fingerprintOf(sent: string, labels: Record<string, string>): string {
  if (sent !== '' && sent.length <= 100 && isLine(sent)) return sent
  return digest(sent.trim() === '' ? Object.entries(labels).toSorted() : sent)
}

function fromPagerduty(event: z.infer<typeof pagerduty>['event']): Omit<ParsedWebhook, 'event' | 'ended'> {
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
        name: null,
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
export async function readAtMost(request: Request, limit: number): Promise<Uint8Array | null> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) return null
  const reader = request.body?.getReader()
  if (!reader) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks)
    size += value.byteLength
    if (size > limit) {
      await reader.cancel().catch(() => {})
      return null
    }
    chunks.push(value)
  }
}
