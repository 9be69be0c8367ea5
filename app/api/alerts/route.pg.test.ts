import { createHmac } from 'node:crypto'
import { beforeEach, expect, it, vi } from 'vitest'
import { listOpenAlerts } from '@/lib/store/alert'
import { databasePerTest } from '@/lib/store/testing/database'

const secrets = { token: 't'.repeat(32), pagerduty: 's'.repeat(32) }
vi.mock('server-only', () => ({}))
vi.mock('@/lib/web/env', () => ({
  webEnv: () => ({
    NEXTAUTH_SECRET: 'not looked at here',
    environment: { name: 'lab' },
    WARROOM_ALERT_TOKEN: secrets.token,
    PAGERDUTY_WEBHOOK_SECRET: secrets.pagerduty,
  }),
}))

const database = databasePerTest()
let POST: (request: Request) => Promise<Response>
beforeEach(async () => {
  vi.resetModules()
  ;(globalThis as { warroomStore?: unknown }).warroomStore = database().web
  POST = (await import('./route')).POST
})

const send = (body: string, headers: Record<string, string>) =>
  POST(new Request('http://127.0.0.1/api/alerts', { method: 'POST', body, headers }))
const fromAlertmanager = (body: unknown, token = secrets.token) =>
  send(typeof body === 'string' ? body : JSON.stringify(body), { authorization: `Bearer ${token}` })
const sign = (body: string, secret = secrets.pagerduty) =>
  `v1=${createHmac('sha256', secret).update(body).digest('hex')}`
const fromPagerduty = (body: string, signature = sign(body)) => send(body, { 'x-pagerduty-signature': signature })
const firing = { status: 'firing', labels: { alertname: 'PgDown', severity: 'critical' }, fingerprint: 'f1' }
/** An event of so many seconds ago. */
const event = (id: string, type: string, secondsAgo: number) =>
  JSON.stringify({
    event: {
      id,
      event_type: type,
      occurred_at: new Date(Date.now() - secondsAgo * 1000).toISOString(),
      data: { id: 'Q1', title: 'Database down', urgency: 'high' },
    },
  })
const open = async () => (await listOpenAlerts(database().web.prisma, 'lab')).groups.flatMap((group) => group.alerts)
/** Alertmanager's alerts carry no time of their own that counts: they are as old as their arrival. */
async function nextMillisecond(): Promise<void> {
  const before = Date.now()
  await vi.waitUntil(() => Date.now() > before, { interval: 1 })
}

it('an alert of Alertmanager is kept once however often it is sent, and leaves when it is resolved', async () => {
  expect((await fromAlertmanager({ alerts: [firing] })).status).toBe(202)
  await nextMillisecond()
  expect((await fromAlertmanager({ alerts: [firing] })).status).toBe(202)
  expect(await open()).toMatchObject([{ source: 'alertmanager', title: 'PgDown', severity: 'critical', times: 2 }])
  await nextMillisecond()
  await fromAlertmanager({ alerts: [{ ...firing, status: 'resolved' }] })
  expect(await open()).toEqual([])
})

it('an event of PagerDuty that is sent again, or overtaken, changes nothing', async () => {
  const triggered = event('e1', 'incident.triggered', 600)
  const kept = async (body: string) => {
    const answer = await fromPagerduty(body)
    return [answer.status, ((await answer.json()) as { kept: number }).kept]
  }
  expect(await kept(triggered)).toEqual([202, 1])
  expect(await kept(triggered)).toEqual([202, 0])
  expect(await open()).toMatchObject([{ source: 'pagerduty', title: 'Database down', times: 1 }])
  await fromPagerduty(event('e2', 'incident.resolved', 300))
  // Overtaken: it happened before the end, under a name of its own.
  await fromPagerduty(event('e3', 'incident.triggered', 400))
  expect(await open()).toEqual([])
})

it('a recorded event of PagerDuty is not believed when it comes again an hour later, nor at once', async () => {
  const recorded = event('e1', 'incident.triggered', 3_599)
  expect((await fromPagerduty(recorded)).status).toBe(202)
  const [alert] = await open()
  await database().owner.prisma.alert.delete({ where: { id: alert?.id ?? '' } })
  expect((await fromPagerduty(recorded)).status).toBe(202)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2_000 })
  try {
    expect((await fromPagerduty(recorded)).status).toBe(400)
  } finally {
    vi.useRealTimers()
  }
  expect(await open()).toEqual([])
})

it('a bad or missing signature or token is refused, and nothing is kept', async () => {
  const body = event('e1', 'incident.triggered', 0)
  const answers = [
    await fromPagerduty(body, sign(body, 'x'.repeat(32))),
    await fromPagerduty(`${body} `, sign(body)),
    await fromPagerduty(body, ''),
    await fromAlertmanager({ alerts: [firing] }, 'x'.repeat(32)),
    await send(JSON.stringify({ alerts: [firing] }), {}),
  ]
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
  expect(await open()).toEqual([])
})

it('what is malformed or too long is refused in words that hold nothing of it', async () => {
  const broken = await fromAlertmanager('{"alerts": <script>')
  expect(broken.status).toBe(400)
  expect(await broken.json()).toEqual({ error: 'This is not JSON.' })
  expect((await fromAlertmanager({ alerts: [{ ...firing, status: 'odd' }] })).status).toBe(400)
  expect((await fromPagerduty('{"event":{}}')).status).toBe(400)
  expect((await fromAlertmanager(`"${'x'.repeat(256 * 1024)}"`, 'x'.repeat(32))).status).toBe(413)
  expect(await open()).toEqual([])
})

it('a flood of strangers does not keep a real alert out', async () => {
  for (let i = 0; i < 300; i++) expect((await fromAlertmanager({ alerts: [] }, 'x'.repeat(32))).status).toBe(401)
  expect((await fromAlertmanager({ alerts: [firing] })).status).toBe(202)
  expect(await open()).toHaveLength(1)
})

it('a flood of a known sender is told to come again', async () => {
  const statuses = new Set<number>()
  for (let i = 0; i < 300; i++) statuses.add((await fromAlertmanager({ alerts: [] })).status)
  expect([...statuses]).toEqual([202, 503])
  expect((await fromAlertmanager({ alerts: [firing] })).headers.get('retry-after')).toBe('10')
})

it('a delivery over 256 KiB is kept, and one that is too long to be read is said to be missing', async () => {
  const alerts = Array.from({ length: 60 }, (_, i) => ({
    ...firing,
    fingerprint: `f${i}`,
    annotations: { description: 'x'.repeat(6_000) },
  }))
  expect((await fromAlertmanager({ alerts })).status).toBe(202)
  expect((await listOpenAlerts(database().web.prisma, 'lab')).total).toBe(60)
  const sent = await fromAlertmanager(`{"alerts": [{"x": "${'x'.repeat(16 * 1024 * 1024)}"}]}`)
  expect([sent.status, await sent.json()]).toEqual([202, { kept: 1 }])
  expect((await open()).map(({ title }) => title)).toContain(
    'A delivery from Alertmanager was longer than 17 MB and was not read. Look there.',
  )
})

it('that alerts are missing is shown until a delivery of the same group is whole', async () => {
  const titles = async () => (await open()).map(({ title }) => title).toSorted()
  await fromAlertmanager({ groupKey: 'g', alerts: [firing], truncatedAlerts: 50 })
  expect(await titles()).toEqual(['50 more alerts of the group g are not in this list', 'PgDown'])
  await nextMillisecond()
  await fromAlertmanager({ groupKey: 'g', alerts: [firing] })
  expect(await titles()).toEqual(['PgDown'])
})
