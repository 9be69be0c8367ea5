/**
 * A page, a message or an update leaves, and what comes back is anything that a server, a proxy or a network can make of an
 * answer. Nobody may be told that somebody was paged because a hotel's login page said 200, nor that a page certainly did not
 * go out because the answer was cut.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { PageMessage } from '../ports/pager'
import { createPagerduty } from './pagerduty/index'
import { createSlack } from './slack/index'
import { createStatusPage } from './status-page/index'
import {
  type AnsweringServer,
  brokenAnswers,
  hangingAnswers,
  outcomeOf,
  type Speech,
  startAnswering,
  wholeAnswers,
  wronglyCalled,
} from './testing/http-answers'
import { closedPort, startStranger } from './testing/never-left'

// Hundreds of answers, one after the other, also on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const page: PageMessage = {
  channel: 'pagerduty',
  level: 'L2',
  summary: 'INC-1 SEV1: please join',
  severity: 'critical',
  incident: 'INC-1',
  link: 'https://warroom.example/incidents/1',
}
const said = { text: 'Down', link: null, title: 'INC-1' }

const events: Speech = {
  type: 'application/json',
  done: '{"status":"success","message":"Event processed","dedup_key":"k"}',
  other: '{"status":"success","message":"Event processed","dedup_key":"another"}',
  refused: () => '{"status":"invalid event","message":"Event object is invalid","errors":["no"]}',
  strange: () => '{"error":{"message":"no","code":2001}}',
}
const slack: Speech = {
  type: 'application/json',
  done: '{"ok":true,"channel":"C1","ts":"1764.0001"}',
  other: '{"ok":true,"user_id":"U1"}',
  refused: () => '{"ok":false,"error":"channel_not_found"}',
  strange: () => '{"ok":false}',
  // Slack says what it means in its body; another status than 200 is not its own.
  expected(kind, status) {
    if (status !== 200) return 'unknown'
    return kind === 'done' ? 'accepted' : kind === 'refused' ? 'rejected' : 'unknown'
  },
  lastChunkMayLack: true,
}
const webhook: Speech = {
  type: 'application/json',
  done: '{"id":7}',
  other: '{"ok":true}',
  refused: () => '{"error":"unauthorized"}',
  strange: () => '{"detail":"no"}',
  // It may be anybody's: its status says it, and its body must be an object, or nothing where it takes the update.
  expected(kind, status) {
    const object = ['done', 'other', 'refused', 'strange', 'JSON'].includes(kind)
    const nothing = ['empty', 'blank', 'no body'].includes(kind)
    if (status >= 200 && status <= 299) return object || nothing ? 'accepted' : 'unknown'
    return status >= 400 && status <= 499 && object ? 'rejected' : 'unknown'
  },
}

const pagerduty = (url: string, limitMs: number) => createPagerduty({ url, routingKey: 'R0UTING', limitMs })
type Send = (url: string, limitMs: number) => Promise<unknown>
const senders: { name: string; speech: Speech; send: Send }[] = [
  { name: 'a page', speech: events, send: (url, limit) => pagerduty(url, limit).page('k', page) },
  {
    name: 'a message to Slack',
    speech: slack,
    send: (url, limitMs) => createSlack({ url: `${url}/api`, token: 'xoxb-1', channel: '#x', limitMs }).say('k', said),
  },
  {
    name: 'an update of the status page',
    speech: webhook,
    send: (url, limitMs) => createStatusPage({ url, token: 'T', limitMs }).say('k', said),
  },
]

let server: AnsweringServer
beforeAll(async () => {
  server = await startAnswering()
})
afterAll(() => server.stop())

describe.each(senders)('$name', ({ speech, send }) => {
  test('is called what its answer shows, for every status and body', async () => {
    expect(await wronglyCalled(server, wholeAnswers(speech), () => send(server.url, 5_000))).toEqual([])
  })

  test('is in doubt wherever its answer breaks off', async () => {
    expect(await wronglyCalled(server, brokenAnswers(speech), () => send(server.url, 5_000))).toEqual([])
  })

  test('is in doubt wherever its answer comes to a halt', async () => {
    expect(await wronglyCalled(server, hangingAnswers(speech), () => send(server.url, 100))).toEqual([])
  })

  test('that certainly never left is refused', async () => {
    expect(await outcomeOf(send(`http://127.0.0.1:${await closedPort()}`, 5_000))).toBe('rejected')
    expect(await outcomeOf(send('http://receiver.does-not-exist.invalid', 5_000))).toBe('rejected')
    const stranger = await startStranger('TLSv1.3')
    try {
      expect(await outcomeOf(send(`https://127.0.0.1:${stranger.port}`, 5_000))).toBe('rejected')
      expect(await stranger.bytes()).toBe(0)
    } finally {
      await stranger.stop()
    }
  })
})

const followUps: [string, Send][] = [
  ['answered', (url, limitMs) => pagerduty(url, limitMs).acknowledge('k')],
  ['over', (url, limitMs) => pagerduty(url, limitMs).resolve('k')],
]
test.each(followUps)('the word that a page is %s is called what its answer shows', async (_what, send) => {
  const answers = wholeAnswers(events, [202, 302, 403, 500])
  expect(await wronglyCalled(server, answers, () => send(server.url, 5_000))).toEqual([])
})

test.each([
  ['ratelimited', 'rejected'],
  ['request_timeout', 'rejected'],
  ['invalid_auth', 'rejected'],
  ['internal_error', 'unknown'],
  ['fatal_error', 'unknown'],
  ['service_unavailable', 'unknown'],
])('Slack’s %s leaves a message %s', async (error, outcome) => {
  server.answerWith({
    name: error,
    outcome: 'unknown',
    play: (socket) => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${JSON.stringify({ ok: false, error })}`),
  })
  const chat = createSlack({ url: `${server.url}/api`, token: 'xoxb-1', channel: '#x' })
  expect(await outcomeOf(chat.say('k', said))).toBe(outcome)
})
