import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { OwnAlerts } from '../domain/alert'
import { maxEventAgeMs, type ParsedWebhook, pagerdutySigned, rateLimit, readAtMost, readWebhook } from './alert-webhook'

const secrets = { token: 't'.repeat(32), pagerdutySecret: 's'.repeat(20) }
const now = Date.UTC(2026, 5, 1)
const sign = (body: string | Uint8Array, secret = secrets.pagerdutySecret) =>
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
const bytes = (text: string) => new TextEncoder().encode(text)
const fromPagerduty = (body: string | Uint8Array, signature = sign(body)) =>
  readWebhook(
    { authorization: null, pagerdutySignature: signature, body: typeof body === 'string' ? bytes(body) : body },
    secrets,
    {},
    now,
  )
const fromAlertmanager = (
  body: string,
  { token = secrets.token, own = {} }: { token?: string; own?: OwnAlerts } = {},
) => readWebhook({ authorization: `Bearer ${token}`, pagerdutySignature: null, body: bytes(body) }, secrets, own, now)
/** What is kept of a delivery of these. */
function kept(delivery: object, own: OwnAlerts = {}): ParsedWebhook {
  const read = fromAlertmanager(JSON.stringify(delivery), { own })
  if ('status' in read) throw new Error(read.error)
  return read
}
const firing = { status: 'firing', labels: { alertname: 'PgDown', severity: 'critical' } }

describe('a webhook', () => {
  it('is refused without the right token or signature, whatever it holds', () => {
    const body = event('incident.triggered')
    expect(fromPagerduty(body, sign(body, 'another secret entirely'))).toMatchObject({ status: 401 })
    expect(fromPagerduty(`${body} `, sign(body))).toMatchObject({ status: 401 })
    expect(fromAlertmanager(JSON.stringify({ alerts: [firing] }), { token: 'x'.repeat(32) })).toMatchObject({
      status: 401,
    })
    expect(
      readWebhook(
        { authorization: 'Bearer null', pagerdutySignature: null, body: bytes(body) },
        { token: null, pagerdutySecret: null },
        {},
        now,
      ),
    ).toMatchObject({ status: 404 })
  })

  it('is believed by any of several signatures, as during a change of secrets', () => {
    expect(pagerdutySigned(`v1=00, ${sign('x')}`, bytes('x'), secrets.pagerdutySecret)).toBe(true)
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
    const read = kept({ alerts })
    expect(read.alerts).toHaveLength(21)
    expect(read.alerts[0]?.title).toBe(`${'a'.repeat(299)}…`)
    const cleaned = read.alerts.find(({ severity }) => severity !== 'critical')
    expect(cleaned).toMatchObject({ title: 'a\ufffdb\ufffd[31m c', severity: '\ufffd' })
    expect(cleaned?.fingerprint).toMatch(/^[0-9a-f]{32}$/)
    expect(JSON.stringify(read)).not.toMatch(/\\u0000|\\ud83d/)
  })

  it('loses no alert for another’s length, number or shape, and counts what it cannot keep', () => {
    const many = (n: number, more: object = {}) =>
      Array.from({ length: n }, (_, i) => ({
        ...firing,
        labels: { ...firing.labels, i: `${i}` },
        fingerprint: `f${i}`,
        ...more,
      }))
    expect(kept({ alerts: many(101) }).alerts).toHaveLength(101)
    const long = many(2, { annotations: { summary: 'Slow', description: 'x'.repeat(5_001) } })
    expect(kept({ alerts: long }).alerts.map(({ title }) => title)).toEqual(['Slow', 'Slow'])
    const odd = [{ status: 'odd' }, null, ...many(2), { ...firing, labels: { a: 1 } }]
    expect(kept({ alerts: odd, truncatedAlerts: 50 }).alerts.map(({ title }) => title)).toEqual([
      'PgDown',
      'PgDown',
      '53 more alerts are not in this list',
    ])
    const storm = [...many(1_000, { labels: { alertname: 'Slow', severity: 'warning' } }), ...many(5)]
    const read = kept({ alerts: storm, groupKey: '{}:{job="db"}' }).alerts
    expect(read).toHaveLength(1_001)
    expect(read.filter(({ name }) => name === 'PgDown')).toHaveLength(5)
    expect(read.at(-1)).toMatchObject({ title: '5 more alerts of the group {}:{job="db"} are not in this list' })
  })

  it('says that alerts are missing until a delivery of the same group is whole', () => {
    const group = { groupKey: 'g', receiver: 'warroom' }
    const lost = kept({ ...group, alerts: [firing], truncatedAlerts: 1 })
    const whole = kept({ ...group, alerts: [firing] })
    expect(whole.ended).toEqual([{ source: 'alertmanager', fingerprint: lost.alerts[1]?.fingerprint, at: now }])
    expect(kept({ ...group, groupKey: 'other', alerts: [firing] }).ended).not.toEqual(whole.ended)
    expect(lost.ended).toEqual([])
  })

  it('brings no heartbeat, and nothing of other systems', () => {
    const labels = (alertname: string, more = {}) => ({ ...firing, labels: { alertname, ...more } })
    const alerts = [
      labels('Watchdog', { severity: 'none' }),
      labels('InfoInhibitor'),
      labels('PgDown', { service: 'castmatch' }),
      labels('DiskFull', { service: 'payroll' }),
    ]
    expect(kept({ alerts }).alerts.map(({ title }) => title)).toEqual(['PgDown', 'DiskFull'])
    expect(kept({ alerts }, { service: 'castmatch' }).alerts.map(({ title }) => title)).toEqual(['PgDown'])
  })

  it('knows alerts apart whose fingerprint is empty, far too long, or has control characters', () => {
    const prints = (fingerprint: string) =>
      kept({
        alerts: [
          { ...firing, fingerprint, labels: { alertname: 'A' } },
          { ...firing, fingerprint, labels: { alertname: 'B' } },
        ],
      }).alerts.map((alert) => alert.fingerprint)
    expect(new Set(prints('')).size).toBe(2)
    expect(new Set([...prints('a\u0000'), ...prints('a\u0001'), ...prints('x'.repeat(101))]).size).toBe(3)
    for (const print of prints('\u0000')) expect(print).toMatch(/^[0-9a-f]{32}$/)
  })

  it('is believed when it is signed correctly, though it is not UTF-8', () => {
    const body = Buffer.from(event('incident.triggered').replace('Database', 'Data\u00ffbase'), 'latin1')
    expect(fromPagerduty(body)).toMatchObject({ alerts: [{ title: 'Data\ufffdbase down' }] })
  })

  it('brings PagerDuty’s incidents, and acknowledgements of our own pages', () => {
    expect(fromPagerduty(event('incident.triggered'))).toMatchObject({
      alerts: [{ title: 'Database down', fingerprint: 'Q1' }],
    })
    expect(fromPagerduty(event('incident.acknowledged', { incident_key: 'page-7' }))).toEqual({
      alerts: [],
      acknowledged: [{ key: 'page-7', by: 'Dana' }],
      ended: [],
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
    expect(fromAlertmanager(JSON.stringify({ alerts: 'none' }))).toMatchObject({ status: 400 })
    expect(fromAlertmanager(JSON.stringify({ alerts: [{ status: 'odd' }] }))).toMatchObject({ status: 400 })
    expect(fromPagerduty('{"event":{}}')).toMatchObject({ status: 400 })
  })

  it('is cut off when it is long, also when it lies about its length', async () => {
    const request = (body: string) => new Request('http://x/', { method: 'POST', body })
    expect(Buffer.from((await readAtMost(request('12345'), 5)) ?? []).toString()).toBe('12345')
    expect(await readAtMost(request('123456'), 5)).toBeNull()
  })

  it('meets a limit per minute that fills up again', () => {
    const allowed = rateLimit(3)
    expect([0, 0, 0, 0].map((at) => allowed(now + at))).toEqual([true, true, true, false])
    expect(allowed(now + 20_000)).toBe(true)
    expect(allowed(now + 20_000)).toBe(false)
  })
})
