import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { LiveHub } from './live-hub'

/** A runner's feed on a real socket, spoken by the test. */
class FeedServer {
  readonly streams = new Set<ServerResponse>()
  private readonly server: Server
  hello = { runner: 'r', leader: true, epoch: 1, version: 't' }

  constructor(readonly secret: string) {
    this.server = createServer((request, response) => {
      if (request.headers.authorization !== `Bearer ${this.secret}`) {
        response.writeHead(401).end()
        return
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      this.streams.add(response)
      response.on('close', () => this.streams.delete(response))
      this.send('hello', this.hello)
    })
  }
  async listen() {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }
  send(event: string, data: unknown, id?: string) {
    for (const stream of this.streams)
      stream.write(`${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }
  async close() {
    for (const stream of this.streams) stream.destroy()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

const secret = 'a-secret-of-the-feed-between-us-two'
const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})
async function until(what: () => boolean) {
  const deadline = Date.now() + 5000
  while (!what()) {
    if (Date.now() > deadline) throw new Error('did not come about within 5 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
async function runner(hello: Partial<FeedServer['hello']> = {}) {
  const server = new FeedServer(secret)
  server.hello = { ...server.hello, ...hello }
  open.push(server)
  return { server, url: await server.listen() }
}
function hubOf(...urls: string[]) {
  const hub = new LiveHub(urls, secret)
  open.push(hub)
  return hub
}
function viewer(hub: LiveHub, lastEventId: string | null = null) {
  const got: string[] = []
  const leave = hub.subscribe((bytes) => got.push(new TextDecoder().decode(bytes)), lastEventId)
  return { got, leave, text: () => got.join('') }
}

describe('live hub', () => {
  test('gives a new viewer the state at once and every event after it', async () => {
    const { server, url } = await runner()
    const hub = hubOf(url)
    await until(() => hub.status().leader === 'r')
    server.send('snapshot', { seq: 1, epoch: 1 })
    await until(() => hub.snapshot() !== null)
    const { text } = viewer(hub)
    expect(text()).toContain('"seq":1')
    server.send('lag', { at: 5 }, '1-5')
    await until(() => text().includes('id: 1-5'))
  })

  test('replays to a returning viewer exactly what it missed', async () => {
    const { server, url } = await runner()
    const hub = hubOf(url)
    await until(() => hub.status().leader === 'r')
    const first = viewer(hub)
    for (let n = 1; n <= 5; n += 1) server.send('lag', { at: n }, `1-${n}`)
    await until(() => first.text().includes('id: 1-5'))
    first.leave()
    const ids = viewer(hub, '1-3')
      .text()
      .match(/id: \S+/g)
    expect(ids).toEqual(['id: 1-4', 'id: 1-5'])
  })

  test('follows the leader with the higher epoch and ignores the health of others', async () => {
    const a = await runner({ runner: 'a', epoch: 3 })
    const b = await runner({ runner: 'b', leader: false, epoch: 0 })
    const hub = hubOf(a.url, b.url)
    await until(() => hub.status().runners.every((r) => r.connected))
    expect(hub.status().leader).toBe('a')
    b.server.send('snapshot', { seq: 99, epoch: 9, from: 'b' })
    b.server.hello = { runner: 'b', leader: true, epoch: 4, version: 't' }
    b.server.send('hello', b.server.hello)
    await until(() => hub.status().leader === 'b')
    expect(hub.snapshot()).toBeNull()
    a.server.send('snapshot', { seq: 100, epoch: 3, from: 'a' })
    b.server.send('snapshot', { seq: 1, epoch: 4, from: 'b' })
    await until(() => hub.snapshot() !== null)
    expect(hub.snapshot()).toMatchObject({ from: 'b' })
  })

  test('says that it is blind when the runner dies, and comes back without a restart', async () => {
    const { server, url } = await runner()
    const hub = hubOf(url)
    await until(() => hub.status().leader === 'r')
    const { text } = viewer(hub)
    for (const stream of server.streams) stream.destroy()
    await until(() => text().includes('"connected":false'))
    await until(() => hub.status().leader === 'r')
    expect(text().lastIndexOf('"connected":true')).toBeGreaterThan(text().lastIndexOf('"connected":false'))
  })

  test('is refused with a wrong secret and says so', async () => {
    const server = new FeedServer('another-secret-that-differs-from-ours')
    open.push(server)
    const hub = hubOf(await server.listen())
    await until(() => hub.status().runners[0]?.error?.includes('401') ?? false)
    expect(hub.status().leader).toBeNull()
  })
})
