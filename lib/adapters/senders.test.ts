/*
 * PagerDuty, Slack and the status page as they speak on the wire: a local server keeps what it got and answers as they do.
 */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PageMessage } from '../ports/pager'
import { createPagerduty } from './pagerduty/index'
import { createSlack } from './slack/index'
import { createStatusPage } from './status-page/index'

let url = ''
let got: { path: string; headers: IncomingHttpHeaders; body: Record<string, unknown> }[] = []
let answer: { status: number; body: string } | 'hang' = { status: 200, body: '{}' }
const server = createServer((request, response) => {
  let text = ''
  request.on('data', (chunk) => {
    text += chunk
  })
  request.on('end', () => {
    const form = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
    const body = form ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text)
    got.push({ path: request.url ?? '', headers: request.headers, body })
    if (answer !== 'hang') response.writeHead(answer.status).end(answer.body)
  })
})
beforeEach(async () => {
  got = []
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
})

const message: PageMessage = {
  channel: 'pagerduty',
  level: 'L2',
  summary: 'INC-1 SEV1: please join',
  severity: 'critical',
  incident: 'INC-1',
  link: 'https://warroom.example/incidents/1',
}
const pager = (limitMs?: number) => createPagerduty({ url, routingKey: 'R0UTING', ...(limitMs ? { limitMs } : {}) })
const slack = (limitMs?: number) =>
  createSlack({ url: `${url}/api`, token: 'xoxb-1', channel: '#incidents', ...(limitMs ? { limitMs } : {}) })

describe('a page', () => {
  it('goes out as an event whose key makes a repeat harmless', async () => {
    answer = { status: 202, body: '{"status":"success","dedup_key":"page-7"}' }
    expect(await pager().page('page-7', message)).toEqual({ reference: 'page-7' })
    await pager().page('page-7', message)
    expect(got.map(({ path, body }) => [path, body.dedup_key])).toEqual(Array(2).fill(['/v2/enqueue', 'page-7']))
    expect(got[0]?.body).toMatchObject({
      routing_key: 'R0UTING',
      event_action: 'trigger',
      payload: { summary: message.summary, severity: 'critical' },
      links: [{ href: message.link }],
    })
  })

  it('that is refused, limited or not answered says so, without its key in the words', async () => {
    answer = { status: 400, body: '{"status":"invalid event","message":"Event object is invalid","errors":["no"]}' }
    await expect(pager().page('k', message)).rejects.toMatchObject({
      errorClass: 'config',
      message: 'PagerDuty refused it (status 400: invalid event).',
    })
    answer = { status: 429, body: '{"status":"throttle exceeded","message":"Too many events","errors":[]}' }
    await expect(pager().page('k', message)).rejects.toMatchObject({ errorClass: 'transient' })
    answer = 'hang'
    await expect(pager(100).page('k', message)).rejects.toMatchObject({
      errorClass: 'timeout',
      detail: { outcome: 'unknown' },
    })
    const gone = createPagerduty({ url: 'http://127.0.0.1:9', routingKey: 'R0UTING' }).page('k', message)
    await expect(gone).rejects.toMatchObject({
      errorClass: 'unreachable',
      message: expect.not.stringContaining('R0UTING'),
    })
  })
})

describe('a message to Slack', () => {
  it('is escaped, so that it mentions nobody', async () => {
    answer = { status: 200, body: '{"ok":true,"channel":"C1","ts":"1764.0001"}' }
    const said = await slack().say('k', {
      text: 'back <!channel> & well',
      link: 'https://warroom.example/incidents/1',
      title: 'INC-1',
    })
    expect(said).toEqual({ reference: '1764.0001' })
    expect(got[0]).toMatchObject({ path: '/api/chat.postMessage', headers: { authorization: 'Bearer xoxb-1' } })
    expect(got[0]?.body).toMatchObject({
      channel: '#incidents',
      text: '*<https://warroom.example/incidents/1|INC-1>* back &lt;!channel&gt; &amp; well',
    })
  })

  it('that Slack refuses with 200 is still refused', async () => {
    answer = { status: 200, body: '{"ok":false,"error":"channel_not_found"}' }
    const say = () => slack().say('k', { text: 'x', link: null, title: 'INC-1' })
    await expect(say()).rejects.toMatchObject({
      errorClass: 'config',
      message: expect.stringContaining('channel_not_found'),
    })
    answer = { status: 200, body: '{"ok":false,"error":"ratelimited"}' }
    await expect(say()).rejects.toMatchObject({ errorClass: 'transient' })
    answer = { status: 200, body: '<html>a page of a proxy</html>' }
    await expect(say()).rejects.toMatchObject({
      errorClass: 'transient',
      message: 'Slack returned an unreadable response (status 200).',
    })
  })

  it('is tried once, however it fails', async () => {
    const say = (limitMs?: number) => slack(limitMs).say('k', { text: 'x', link: null, title: 'INC-1' })
    answer = { status: 503, body: '' }
    await expect(say()).rejects.toMatchObject({ errorClass: 'transient' })
    answer = { status: 429, body: '' }
    await expect(say()).rejects.toMatchObject({ errorClass: 'transient' })
    answer = 'hang'
    await expect(say(100)).rejects.toMatchObject({ errorClass: 'timeout', detail: { outcome: 'unknown' } })
    expect(got).toHaveLength(3)
    const gone = createSlack({ url: 'http://127.0.0.1:9', token: 'xoxb-1', channel: '#x' })
    await expect(gone.say('k', { text: 'x', link: null, title: 'x' })).rejects.toMatchObject({
      errorClass: 'unreachable',
      message: expect.not.stringContaining('xoxb'),
    })
  })
})

it('an update reaches the status page with its key', async () => {
  const say = () =>
    createStatusPage({ url: `${url}/hook`, token: 'T' }).say('update-1', {
      text: 'We are on it',
      link: null,
      title: 'Down',
    })
  answer = { status: 201, body: '' }
  expect(await say()).toEqual({ reference: null })
  answer = { status: 201, body: '{"id":7}' }
  expect(await say()).toEqual({ reference: '7' })
  expect(got[0]).toMatchObject({
    path: '/hook',
    headers: { authorization: 'Bearer T', 'idempotency-key': 'update-1' },
    body: { title: 'Down', text: 'We are on it' },
  })
})
