import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { maxEventAgeMs, pagerdutySigned, rateLimit, readAtMost, readWebhook } from './alert-webhook'

const secrets = { token: 't'.repeat(32), pagerdutySecret: 's'.repeat(20) }
const now = Date.UTC(2026, 5, 1)
const sign = (body: string, secret = secrets.pagerdutySecret) =>
  `v1=${createHmac('sha256', secret).update(body).digest('hex')}`
const event = (type: string, data: object = {}, at = now) =>
  JSON.stringify({
    event: {
      id: '5ac64822-4adc-4fda-ade0-410becf0de4f',
      event_type: type,
      occurred_at: new Date(at).toISOString(),
      agent: { summary: 'Dana' },
      data: { id: 'Q1', title: 'Database\ndown', urgency: 'high', incident_key: null, ...data },
    },
  })
const fromPagerduty = (body: string, signature = sign(body)) =>
  readWebhook({ authorization: null, pagerdutySignature: signature, body }, secrets, now)
const fromAlertmanager = (body: string, token = secrets.token) =>
  readWebhook({ authorization: `Bearer ${token}`, pagerdutySignature: null, body }, secrets, now)
const firing = { status: 'firing', labels: { alertname: 'PgDown', severity: 'critical' } }

describe('a webhook', () => {
  it('is refused without the right token or signature, whatever it holds', () => {
    const body = event('incident.triggered')
    expect(fromPagerduty(body, sign(body, 'another secret entirely'))).toMatchObject({ status: 401 })
    expect(fromPagerduty(`${body} `, sign(body))).toMatchObject({ status: 401 })
    expect(fromAlertmanager(JSON.stringify({ alerts: [firing] }), 'x'.repeat(32))).toMatchObject({ status: 401 })
    expect(
      readWebhook(
        { authorization: 'Bearer null', pagerdutySignature: null, body },
        { token: null, pagerdutySecret: null },
        now,
      ),
    ).toMatchObject({ status: 404 })
  })

  it('is believed by any of several signatures, as during a change of secrets', () => {
    expect(pagerdutySigned(`v1=00, ${sign('x')}`, 'x', secrets.pagerdutySecret)).toBe(true)
  })

  it('brings alerts with a fingerprint that does not depend on the order of labels', () => {
    const read = (labels: object) => fromAlertmanager(JSON.stringify({ alerts: [{ ...firing, labels }] }))
    const a = read({ alertname: 'PgDown', severity: 'critical' })
    expect(a).toEqual(read({ severity: 'critical', alertname: 'PgDown' }))
    expect(a).toMatchObject({ alerts: [{ title: 'PgDown', severity: 'critical', resolved: false }] })
  })

  it('is cut between characters, and cleaned of what cannot be kept, rather than lost', () => {
    const summary = `${'a'.repeat(299)}🔥 and more`
    const alerts = [
      { ...firing, annotations: { summary } },
      {
        ...firing,
        annotations: { summary: 'a\u0000b\u001b[31m\nc' },
        fingerprint: 'f\u00001',
        labels: { severity: '\ud83d' },
      },
      ...Array.from({ length: 19 }, () => firing),
    ]
    const read = fromAlertmanager(JSON.stringify({ alerts }))
    if ('status' in read) throw new Error(read.error)
    expect(read.alerts).toHaveLength(21)
    expect(read.alerts[0]?.title).toBe(`${'a'.repeat(299)}…`)
    expect(read.alerts[1]).toMatchObject({ title: 'a\ufffdb\ufffd[31m c', fingerprint: 'f\ufffd1', severity: '\ufffd' })
    expect(JSON.stringify(read)).not.toMatch(/\\u0000|\\ud83d/)
  })

  it('brings PagerDuty’s incidents, and acknowledgements of our own pages', () => {
    expect(fromPagerduty(event('incident.triggered'))).toMatchObject({
      alerts: [{ title: 'Database down', fingerprint: 'Q1' }],
    })
    expect(fromPagerduty(event('incident.acknowledged', { incident_key: 'page-7' }))).toEqual({
      alerts: [],
      acknowledged: [{ key: 'page-7', by: 'Dana' }],
      event: { source: 'pagerduty', id: '5ac64822-4adc-4fda-ade0-410becf0de4f' },
    })
    expect(fromPagerduty(event('incident.triggered', { incident_key: 'page-7' }))).toMatchObject({ alerts: [] })
  })

  it('is refused when its event is old or of the future, though its signature is good', () => {
    const at = (ms: number) => fromPagerduty(event('incident.triggered', {}, now + ms))
    expect(at(-maxEventAgeMs)).toMatchObject({ alerts: [{ at: now - maxEventAgeMs }] })
    expect(at(-maxEventAgeMs - 1000)).toMatchObject({
      status: 400,
      error: expect.stringContaining('more than 1 h old'),
    })
    // The sender's clock may run a little before ours.
    expect(at(299_000)).toMatchObject({ alerts: [{ fingerprint: 'Q1' }] })
    expect(at(301_000)).toMatchObject({ status: 400, error: expect.stringContaining('in the future') })
  })

  it('is taken and brings nothing when it is the ping of a new subscription, or news that is no alert', () => {
    const ping = fromPagerduty(event('pagey.ping', { id: undefined, message: 'Hello from PagerDuty' }))
    expect(ping).toMatchObject({ alerts: [], acknowledged: [], event: { source: 'pagerduty' } })
    expect(fromPagerduty(event('incident.annotated'))).toMatchObject({ alerts: [], acknowledged: [] })
  })

  it('is refused when it is something else', () => {
    expect(fromAlertmanager('{')).toMatchObject({ status: 400 })
    expect(fromAlertmanager(JSON.stringify({ alerts: Array(101).fill(firing) }))).toMatchObject({ status: 400 })
    expect(fromPagerduty('{"event":{}}')).toMatchObject({ status: 400 })
  })

  it('is cut off when it is long, also when it lies about its length', async () => {
    const request = (body: string) => new Request('http://x/', { method: 'POST', body })
    expect(await readAtMost(request('12345'), 5)).toBe('12345')
    expect(await readAtMost(request('123456'), 5)).toBeNull()
  })

  it('meets a limit per minute that fills up again', () => {
    const allowed = rateLimit(3)
    expect([0, 0, 0, 0].map((at) => allowed(now + at))).toEqual([true, true, true, false])
    expect(allowed(now + 20_000)).toBe(true)
    expect(allowed(now + 20_000)).toBe(false)
  })
})
