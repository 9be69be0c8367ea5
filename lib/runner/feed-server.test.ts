// The internal feed: who may listen, what a listener gets first, and what happens when it is slow or comes back.
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createParser } from 'eventsource-parser'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { certificateIn } from '../../lab/kubernetes/certificate'
import type { LagHistory } from '../domain/cluster/feed'
import type { Snapshot } from '../domain/cluster/types'
import { FeedServer, type FeedSources } from './feed-server'

const secret = 'a-secret-of-the-feed-that-is-long-enough'
const snapshot = (seq: number, padding = '') => ({ seq, epoch: 3, candidateNote: padding }) as unknown as Snapshot

let server: FeedServer
let base: string
let latest: Snapshot | null
let leader: boolean
const opened: AbortController[] = []

beforeEach(async () => {
  latest = null
  leader = true
  server = new FeedServer(secret, sources)
  base = `http://127.0.0.1:${await server.listen('127.0.0.1', 0)}`
})
const sources: FeedSources = {
  hello: () => ({ runner: 'r-1', leader, epoch: 3, version: '0' }),
  latest: () => latest,
  history: (fromMs, toMs, maxPoints): LagHistory => ({
    fromMs,
    toMs,
    stepMs: maxPoints,
    at: [],
    series: {},
    marks: [],
  }),
  health: () => ({
    ready: latest !== null,
    leader,
    epoch: 3,
    runner: 'r-1',
    snapshotAgeMs: null,
    writeProbeAgeMs: null,
    rdsAgeMs: null,
    store: null,
    memoryMb: 1,
  }),
}
afterEach(async () => {
  for (const a of opened.splice(0)) a.abort()
  await server.close()
})

const get = (path: string, headers: Record<string, string> = { authorization: `Bearer ${secret}` }) =>
  fetch(`${base}${path}`, { headers })

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 5000
  while (!holds()) {
    if (Date.now() > end) throw new Error('it did not happen within 5 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Opens the feed and collects its events. */
async function listen(lastEventId?: string) {
  const abort = new AbortController()
  opened.push(abort)
  const events: { event: string | undefined; id: string | undefined; data: unknown }[] = []
  const response = await fetch(`${base}/feed`, {
    headers: { authorization: `Bearer ${secret}`, ...(lastEventId ? { 'last-event-id': lastEventId } : {}) },
    signal: abort.signal,
  })
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const parser = createParser({ onEvent: (e) => events.push({ event: e.event, id: e.id, data: JSON.parse(e.data) }) })
  const decoder = new TextDecoder()
  void (async () => {
    for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }))
  })().catch(() => {})
  return { events, kinds: () => events.map((e) => e.event) }
}

describe('who may listen', () => {
  it.each([
    ['nothing', {}],
    ['another secret', { authorization: 'Bearer another-secret-of-the-feed-long-enough' }],
    ['the secret without its scheme', { authorization: secret }],
    ['a prefix of the secret', { authorization: `Bearer ${secret.slice(0, -1)}` }],
  ])('%s opens no feed, snapshot or history', async (_, headers) => {
    latest = snapshot(1)
    for (const path of ['/feed', '/snapshot', '/history?fromMs=0&toMs=1&maxPoints=1'])
      expect((await get(path, headers as Record<string, string>)).status).toBe(401)
  })

  it('health needs no secret and tells none', async () => {
    const response = await get('/health', {})
    expect(response.status).toBe(503)
    latest = snapshot(1)
    const ready = await get('/health', {})
    expect(ready.status).toBe(200)
    expect(await ready.text()).not.toContain(secret)
  })
})

describe('what a listener gets', () => {
  it('who speaks, then the state, then every event with an id', async () => {
    latest = snapshot(7)
    const { events, kinds } = await listen()
    await until(() => events.length === 2)
    server.lag({ at: 1000, byNode: {} })
    server.mark({ at: 1000, kind: 'event', text: 'x' })
    server.changed('incident', ['i-1'])
    server.snapshot(snapshot(8))
    await until(() => events.length === 6)
    expect(kinds()).toEqual(['hello', 'snapshot', 'lag', 'mark', 'changed', 'snapshot'])
    expect(events[0]?.data).toEqual({ runner: 'r-1', leader: true, epoch: 3, version: '0' })
    expect(events.slice(2, 5).map((e) => e.id)).toEqual(['3-1', '3-2', '3-3'])
    leader = false
    server.hello()
    await until(() => events.length === 7)
    expect(events[6]?.data).toMatchObject({ leader: false })
  })

  it('after a break, what it missed and only that', async () => {
    for (let at = 1; at <= 5; at += 1) server.lag({ at, byNode: {} })
    const { events } = await listen('3-3')
    await until(() => events.length === 3)
    expect(events.slice(1).map((e) => e.id)).toEqual(['3-4', '3-5'])
  })

  it('a slow one gets the newest state rather than all of them, and no event is lost', async () => {
    const socket = connect(Number(new URL(base).port), '127.0.0.1')
    let text = ''
    socket.write(`GET /feed HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secret}\r\n\r\n`)
    await until(() => server.consumers === 1)
    socket.pause()
    const padding = 'p'.repeat(200_000)
    for (let seq = 1; seq <= 200; seq += 1) {
      server.snapshot(snapshot(seq, padding))
      if (seq % 50 === 0) server.lag({ at: seq, byNode: {} })
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    socket.resume()
    await until(() => text.includes('"seq":200'))
    await until(() => (text.match(/event: lag/g) ?? []).length === 4)
    expect((text.match(/event: snapshot/g) ?? []).length).toBeLessThan(150)
    socket.destroy()
    await until(() => server.consumers === 0)
  })
})

describe('asking once', () => {
  it('gives the snapshot, or says that there is none', async () => {
    expect((await get('/snapshot')).status).toBe(503)
    latest = snapshot(4)
    expect(await (await get('/snapshot')).json()).toMatchObject({ seq: 4 })
  })

  it.each([
    ['?fromMs=0&toMs=1000&maxPoints=10', 200],
    ['', 400],
    ['?fromMs=a&toMs=1000&maxPoints=10', 400],
    ['?fromMs=1000&toMs=0&maxPoints=10', 400],
    ['?fromMs=0&toMs=99999999999&maxPoints=10', 400],
    ['?fromMs=0&toMs=1000&maxPoints=0', 400],
  ])('answers history %s with %i', async (query, status) => {
    expect((await get(`/history${query}`)).status).toBe(status)
  })

  it('has nothing elsewhere and takes nothing but GET', async () => {
    expect((await get('/other')).status).toBe(404)
    expect((await fetch(`${base}/snapshot`, { method: 'POST' })).status).toBe(405)
  })
})

it('speaks TLS with a certificate of its own, and nothing else then', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'wr-feed-'))
  const certificate = certificateIn(join(dir, 'feed.pem'), Date.now())
  rmSync(dir, { recursive: true })
  const secure = new FeedServer(secret, sources, certificate)
  const port = await secure.listen('127.0.0.1', 0)
  try {
    latest = snapshot(1)
    const answer = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const asked = request(
        {
          host: '127.0.0.1',
          port,
          path: '/snapshot',
          ca: certificate.cert,
          headers: { authorization: `Bearer ${secret}` },
        },
        (response) => {
          let body = ''
          response.on('data', (chunk) => {
            body += chunk
          })
          response.on('end', () => resolve({ status: response.statusCode, body }))
        },
      )
      asked.on('error', reject)
      asked.end()
    })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({ seq: 1 })
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow()
  } finally {
    await secure.close()
  }
})
