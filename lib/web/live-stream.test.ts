import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ExpectedError } from '../domain/errors'
import { LiveStreams } from './live-stream'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const sessionOf = (cookies: string): { id: string } | null =>
  cookies.startsWith('key=') ? { id: cookies.slice(4) } : null

async function served() {
  const listeners = new Set<(bytes: Uint8Array) => void>()
  const lastIds: (string | null)[] = []
  const asked: string[][] = []
  const revoked = new Set<string>()
  const errors: unknown[] = []
  let away = false
  const streams = new LiveStreams({
    hub: {
      subscribe(listener, lastEventId) {
        lastIds.push(lastEventId)
        listeners.add(listener)
        listener(Buffer.from('event: hello\ndata: {}\n\n'))
        return () => listeners.delete(listener)
      },
    },
    look: async (cookies) => sessionOf(cookies),
    async standing(ids) {
      if (away) throw new ExpectedError('store-unavailable', 'away')
      asked.push(ids)
      return new Set(ids.filter((id) => !revoked.has(id)))
    },
    onError: (error) => errors.push(error),
  })
  const server = createServer((request, response) => void streams.serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => server.closeAllConnections(),
    () => streams.close(),
  )
  const port = (server.address() as AddressInfo).port
  const watch = async (headers: Record<string, string>) => {
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      get({ port, host: '127.0.0.1', headers, agent: false }, resolve).on('error', reject),
    )
    const viewer = { status: response.statusCode, text: '', ended: false, leave: () => response.destroy() }
    response.on('data', (chunk: Buffer) => {
      viewer.text += chunk
    })
    response.on('close', () => {
      viewer.ended = true
    })
    response.on('error', () => {})
    return viewer
  }
  const say = (text: string) => {
    for (const listener of listeners) listener(Buffer.from(text))
  }
  const goAway = () => {
    away = true
  }
  return { streams, listeners, lastIds, asked, revoked, errors, watch, say, goAway }
}

test('nobody without a session is given the feed', async () => {
  const { watch, listeners } = await served()
  expect((await watch({})).status).toBe(401)
  expect((await watch({ cookie: 'other=1' })).status).toBe(401)
  expect(listeners.size).toBe(0)
})

test('a viewer gets the state at once, what it missed by its last id, and every event after', async () => {
  const { watch, say, lastIds } = await served()
  const viewer = await watch({ cookie: 'key=a', 'last-event-id': '1-7' })
  expect(viewer.status).toBe(200)
  say('event: lag\ndata: {}\n\n')
  await expect.poll(() => viewer.text).toContain('event: lag')
  expect(viewer.text).toContain('event: hello')
  expect(lastIds).toEqual(['1-7'])
})

test('all sessions are asked about in one question, and only the revoked one loses its stream', async () => {
  const { watch, streams, asked, revoked, say } = await served()
  const [a, again, b] = [
    await watch({ cookie: 'key=a' }),
    await watch({ cookie: 'key=a' }),
    await watch({ cookie: 'key=b' }),
  ]
  revoked.add('b')
  await streams.recheck()
  await expect.poll(() => b.ended).toBe(true)
  expect(asked).toEqual([['a', 'b']])
  say('event: mark\ndata: {}\n\n')
  await expect.poll(() => a.text + again.text).toMatch(/mark[\s\S]*mark/)
  expect(b.text).not.toContain('mark')
})

test('a store that cannot be asked ends nobody, and is told', async () => {
  const { watch, streams, goAway, errors, say } = await served()
  const viewer = await watch({ cookie: 'key=a' })
  goAway()
  await streams.recheck()
  expect(errors).toHaveLength(1)
  say('event: mark\ndata: {}\n\n')
  await expect.poll(() => viewer.text).toContain('mark')
})

test('a viewer that left is forgotten', async () => {
  const { watch, listeners } = await served()
  const viewer = await watch({ cookie: 'key=a' })
  viewer.leave()
  await expect.poll(() => listeners.size).toBe(0)
})
