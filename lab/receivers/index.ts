import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Lab, type LabFault, LabStateError } from '../contract'
import { type Spoil, sendSpoilt, spoils } from '../faults/spoilt-reply'

/*
 * Those whom the War Room tells: a pager that speaks Events API v2 and signs its webhooks as PagerDuty does (v3), a chat
 * that speaks Slack's chat.postMessage, and a status page that takes JSON. They keep what they got and wake nobody.
 */
const services = [
  { id: 'pagerduty', title: 'Pager' },
  { id: 'slack', title: 'Chat' },
  { id: 'status-page', title: 'Status page' },
] as const
type Service = (typeof services)[number]['id']

/** What a receiver took. A repeat under the same key is one message that was sent several times. */
export interface ReceivedMessage {
  service: Service
  key: string | null
  at: number
  text: string
  times: number
  state: 'open' | 'acknowledged' | 'resolved' | 'taken'
}

const kept = 500
const bodyLimit = 64 * 1024
const secretOf = (lab: Lab, of: string) => createHmac('sha256', lab.secrets.token).update(of).digest('hex')
const same = (a: string, b: string) => {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}

/** Adds the receivers. `webhookUrl` is where the pager tells of acknowledgements, as a PagerDuty account would be told. */
export function registerReceivers(lab: Lab, webhookUrl: string | null): void {
  const secrets = {
    routingKey: secretOf(lab, 'pagerduty routing key').slice(0, 32),
    webhookSecret: secretOf(lab, 'pagerduty webhook'),
    slackToken: `xoxb-lab-${secretOf(lab, 'slack').slice(0, 32)}`,
    statusPageToken: secretOf(lab, 'status page'),
    alertToken: secretOf(lab, 'alerts'),
  }
  const messages: ReceivedMessage[] = []
  const broken = new Map<string, Broken>()
  const base = `http://127.0.0.1:${lab.context.ports.http}`
  lab.describe({
    receivers: {
      pagerduty: { url: `${base}/pagerduty`, routingKey: secrets.routingKey, webhookSecret: secrets.webhookSecret },
      slack: { url: `${base}/slack/api`, token: secrets.slackToken, channel: '#incidents' },
      statusPage: { url: `${base}/status-page/updates`, token: secrets.statusPageToken },
      alertToken: secrets.alertToken,
    },
  })
  lab.addFault(refusing(broken))
  for (const { how, title } of spoils) lab.addFault(spoiling(broken, how, title))

  const keep = (service: Service, key: string | null, text: string, state: ReceivedMessage['state']) => {
    const known = key === null ? undefined : messages.find((one) => one.service === service && one.key === key)
    if (known) {
      known.times += 1
      return known
    }
    const message: ReceivedMessage = { service, key, at: Date.now(), text, times: 1, state }
    messages.push(message)
    if (messages.length > kept) messages.shift()
    return message
  }

  /** Events API v2. */
  const pager = (body: Fields): Answer => {
    const payload = (body.payload ?? {}) as Fields
    const key = String(body.dedup_key ?? randomUUID())
    const invalid = (error: string): Answer => [
      400,
      { status: 'invalid event', message: 'Event object is invalid', errors: [error] },
    ]
    if (!same(String(body.routing_key), secrets.routingKey)) return invalid("'routing_key' is invalid")
    if (body.event_action === 'trigger') {
      if (!payload.summary || !payload.source || !payload.severity) return invalid("'payload' is missing or incomplete")
      keep('pagerduty', key, String(payload.summary), 'open')
    } else if (body.event_action === 'resolve') {
      const alert = messages.find((one) => one.service === 'pagerduty' && one.key === key)
      if (alert) alert.state = 'resolved'
    } else if (body.event_action === 'acknowledge') {
      const alert = messages.find((one) => one.service === 'pagerduty' && one.key === key)
      if (alert?.state === 'open') alert.state = 'acknowledged'
    } else return invalid("'event_action' is invalid")
    return [202, { status: 'success', message: 'Event processed', dedup_key: key }]
  }
  const chat = (body: Fields, authorization: string): Answer => {
    if (!same(authorization, `Bearer ${secrets.slackToken}`)) return [200, { ok: false, error: 'invalid_auth' }]
    if (!body.channel) return [200, { ok: false, error: 'channel_not_found' }]
    if (!body.text) return [200, { ok: false, error: 'no_text' }]
    const { at } = keep('slack', null, String(body.text), 'taken')
    return [
      200,
      { ok: true, channel: 'C0LAB', ts: `${(at / 1000).toFixed(3)}${String(messages.length).padStart(3, '0')}` },
    ]
  }
  const statusPage = (body: Fields, authorization: string, key: string | null): Answer => {
    if (!same(authorization, `Bearer ${secrets.statusPageToken}`)) return [401, { error: 'unauthorized' }]
    if (!body.title || !body.text) return [422, { error: 'title and text are needed' }]
    keep('status-page', key, String(body.text), 'taken')
    return [201, { id: key ?? randomUUID() }]
  }

  lab.addRoute(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://lab').pathname
    const authorization = String(request.headers.authorization ?? '')
    switch (`${request.method} ${path}`) {
      case 'POST /pagerduty/v2/enqueue':
        return take(request, response, 'pagerduty', pager)
      case 'POST /slack/api/chat.postMessage':
        return take(request, response, 'slack', (body) => chat(body, authorization))
      case 'POST /status-page/updates': {
        const key = request.headers['idempotency-key']
        return take(request, response, 'status-page', (body) =>
          statusPage(body, authorization, typeof key === 'string' ? key : null),
        )
      }
      case 'GET /lab/messages':
      case 'POST /lab/answer-page':
        if (!same(String(request.headers['x-lab-token'] ?? ''), lab.secrets.token))
          return send(response, [401, { error: 'The header x-lab-token must hold the token of this lab.' }])
        if (path === '/lab/messages') return send(response, [200, { messages }])
        try {
          return send(response, [200, { message: await answerPage() }])
        } catch (error) {
          if (!(error instanceof LabStateError)) throw error
          return send(response, [error.httpStatus, { error: error.message, code: error.code }])
        }
      default:
        return false
    }
  })

  async function take(
    request: IncomingMessage,
    response: ServerResponse,
    service: Service,
    act: (body: Fields) => Answer,
  ): Promise<true> {
    const body = await readFields(request)
    const fault = [...broken.values()].find((one) => one.service === service && one.left > 0)
    if (fault?.does === 'refuses') return send(response, [fault.status, refusals[service]])
    const answer: Answer = body ? act(body) : [400, { error: 'The body cannot be read.' }]
    if (!fault) return send(response, answer)
    fault.left -= 1
    sendSpoilt(response, fault.how)
    return true
  }

  /** The person on call takes the newest open page: the pager tells the War Room by its signed webhook. */
  async function answerPage(): Promise<ReceivedMessage> {
    const page = messages.findLast((one) => one.service === 'pagerduty' && one.state === 'open')
    if (!page) throw new LabStateError('NoPage', 'No page is open.', 409)
    if (webhookUrl === null) throw new LabStateError('NoWebhook', 'This lab was not told where the War Room is.', 409)
    const body = JSON.stringify({
      event: {
        id: randomUUID(),
        event_type: 'incident.acknowledged',
        resource_type: 'incident',
        occurred_at: new Date().toISOString(),
        agent: { type: 'user_reference', summary: 'On-call engineer' },
        data: { id: `Q${page.at}`, type: 'incident', title: page.text, incident_key: page.key },
      },
    })
    const signature = createHmac('sha256', secrets.webhookSecret).update(body).digest('hex')
    const answer = await fetch(webhookUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-pagerduty-signature': `v1=${signature}` },
      body,
      signal: AbortSignal.timeout(8000),
    }).catch(() => null)
    if (!answer?.ok)
      throw new LabStateError('Refused', `The War Room did not take the answer (${answer?.status ?? 'away'}).`, 502)
    page.state = 'acknowledged'
    return page
  }
}

type Fields = Record<string, unknown>
type Answer = [status: number, body: unknown]

function send(response: ServerResponse, [status, body]: Answer): true {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
  return true
}

/** A JSON object or a form; null when it is neither, or too long. */
async function readFields(request: IncomingMessage): Promise<Fields | null> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > bodyLimit) return null
  }
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(text))
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' ? (value as Fields) : null
  } catch {
    return null
  }
}

/** How each says no, in its own words. */
const refusals: Record<Service, Fields> = {
  pagerduty: { status: 'broken on purpose', message: 'This lab was told to refuse', errors: [] },
  slack: { ok: false, error: 'broken_on_purpose' },
  'status-page': { error: 'broken on purpose' },
}

/** What is wrong with a receiver, by the fault that made it so: it takes nothing, or takes it and cannot say so. */
type Broken = { service: Service; left: number } & (
  | { does: 'refuses'; status: number }
  | { does: 'spoils'; how: Spoil }
)

const targets = () => services.map((service) => ({ ...service }))
const named = (target: string | null): Service => services.find(({ id }) => id === target)?.id ?? 'pagerduty'

function refusing(broken: Map<string, Broken>): LabFault {
  const id = 'receiver-refuses'
  return {
    id,
    title: 'Pager, chat or status page refuses',
    group: 'Messages',
    targets,
    parameters: [{ name: 'status', title: 'With this HTTP status', type: 'number', default: 503 }],
    async start(target, { status }) {
      const code = Number(status)
      if (!Number.isInteger(code) || code < 400 || code > 599)
        throw new LabStateError('BadParameter', 'status must be from 400 to 599.')
      broken.set(id, { service: named(target), left: Number.POSITIVE_INFINITY, does: 'refuses', status: code })
    },
    async heal() {
      broken.delete(id)
    },
  }
}

function spoiling(broken: Map<string, Broken>, how: Spoil, title: string): LabFault {
  const id = `receiver-reply-${how}`
  return {
    id,
    title: `Reply of pager, chat or status page ${title}, after it took the message`,
    group: 'Messages',
    targets,
    parameters: [{ name: 'calls', title: 'Messages (0 = until healed)', type: 'number', default: 1 }],
    holds: () => (broken.get(id)?.left ?? 0) > 0,
    async start(target, { calls }) {
      const left = Number(calls) || Number.POSITIVE_INFINITY
      broken.set(id, { service: named(target), left, does: 'spoils', how })
    },
    async heal() {
      broken.delete(id)
    },
  }
}
