import 'server-only'
import { createHmac } from 'node:crypto'
import { actorOf, type CommandContext } from '../commands/context'
import { finishTest, type TestResult } from '../commands/integration/test'
import { type IntegrationTest, testWords } from '../domain/integrations'
import { webEnv } from './env'
import { log } from './log'

const limitMs = 8_000

/**
 * Sends a test alert to our own webhook by its public address, as each of the configured senders would: it fires, and ends
 * again at once. Keeps the result. Throws ExpectedError when the store is away.
 */
export async function testAlertWebhook(context: CommandContext, test: IntegrationTest): Promise<void> {
  const { NEXTAUTH_URL: site, WARROOM_ALERT_TOKEN: token, PAGERDUTY_WEBHOOK_SECRET: secret } = webEnv()
  const url = `${site.replace(/\/$/, '')}/api/alerts`
  const words = testWords(context.person.name)
  const ways = [
    ...(token ? [{ name: 'Alertmanager', send: (fires: boolean) => alertmanager(test.id, words, token, fires) }] : []),
    ...(secret ? [{ name: 'PagerDuty', send: (fires: boolean) => pagerduty(test.id, words, secret, fires) }] : []),
  ]
  const begunAt = context.now()
  const result = await tryWays(url, ways)
  await finishTest(context.store, test, result, { actor: actorOf(context), writer: context }, begunAt, context.now())
}

interface Way {
  name: string
  send(fires: boolean): { headers: Record<string, string>; body: string }
}

async function tryWays(url: string, ways: Way[]): Promise<TestResult> {
  if (ways.length === 0)
    return { passed: false, says: 'No token or signing secret is set, so every alert is rejected.' }
  for (const { name, send } of ways)
    for (const fires of [true, false]) {
      const said = await post(url, send(fires))
      if (said !== null) return { passed: false, says: `As ${name}: ${said}` }
      // An end must be younger than its beginning by the clock of the store.
      await new Promise((done) => setTimeout(done, 5))
    }
  const names = ways.map(({ name }) => name).join(' and ')
  return { passed: true, reference: null, more: `Accepted as ${names}. Test alert closed.` }
}

/** Null when the alert was kept; else why not. */
async function post(url: string, request: { headers: Record<string, string>; body: string }): Promise<string | null> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      cache: 'no-store',
      signal: AbortSignal.timeout(limitMs),
      headers: { 'content-type': 'application/json', ...request.headers },
      body: request.body,
    })
    const { kept, error } = (await answer.json().catch(() => ({}))) as { kept?: unknown; error?: unknown }
    if (answer.status === 202 && kept === 1) return null
    return typeof error === 'string'
      ? `refused with status ${answer.status}. ${error}`
      : `${url} answered ${answer.status}, which is not from the War Room. A proxy may have sent it.`
  } catch (error) {
    log.warn({ err: error }, 'the alert webhook did not respond to its own test')
    return `${url} is not reachable from the War Room server.`
  }
}

function alertmanager(id: string, words: string, token: string, fires: boolean) {
  const alert = {
    status: fires ? 'firing' : 'resolved',
    labels: { alertname: 'WarRoomTest', severity: 'info', test: id },
    annotations: { summary: words },
    fingerprint: `test-${id}`,
  }
  return { headers: { authorization: `Bearer ${token}` }, body: JSON.stringify({ alerts: [alert] }) }
}

function pagerduty(id: string, words: string, secret: string, fires: boolean) {
  const body = JSON.stringify({
    event: {
      id: `test-${id}-${fires ? 'fires' : 'ends'}`,
      event_type: fires ? 'incident.triggered' : 'incident.resolved',
      occurred_at: new Date().toISOString(),
      agent: null,
      data: { id: `test-${id}`, title: words, urgency: 'low' },
    },
  })
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  return { headers: { 'x-pagerduty-signature': `v1=${signature}` }, body }
}
