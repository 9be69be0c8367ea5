// Pausing and killing clients is told to the pooler by name and password. In production they travel inside TLS to a pooler that
// proves who it is, and to no other: not in clear, and not to whoever answers at its address.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { certificateIn } from '../../../lab/kubernetes/certificate'
import { PortError } from '../../ports/port-error'
import { createPgbouncer } from './index'

const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type, 0)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const ready = message('Z', Buffer.from('I'))
let dir = ''
let server: Server | null = null

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'wr-pooler-'))
})
afterEach(async () => {
  const closed = server && once(server, 'close')
  server?.close()
  await closed
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** A console that offers TLS, or does not; what it hears outside of TLS and inside. */
async function consoleThat(offers: boolean) {
  const certificate = certificateIn(join(dir, 'pooler.pem'), Date.now())
  writeFileSync(join(dir, 'ca.pem'), certificate.cert)
  const heard = { clear: Buffer.alloc(0), inside: '' }
  server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (first) => {
      heard.clear = Buffer.concat([heard.clear, first])
      socket.write(offers ? 'S' : 'N')
      if (!offers) {
        socket.on('data', (more) => {
          heard.clear = Buffer.concat([heard.clear, more])
        })
        return
      }
      const secure = new TLSSocket(socket, { isServer: true, ...certificate })
      secure.on('error', () => {})
      let started = false
      secure.on('data', (chunk) => {
        heard.inside += chunk.toString('latin1')
        if (!started) secure.write(Buffer.concat([message('R', Buffer.alloc(4)), ready]))
        else if (chunk.toString('latin1', 0, 1) === 'Q')
          secure.write(Buffer.concat([message('C', Buffer.from('SHOW 0\0')), ready]))
        started = true
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { heard, port }
}
const pooler = (port: number, caFile?: string) =>
  createPgbouncer({
    name: 'p',
    host: '127.0.0.1',
    port,
    user: 'warroom',
    password: 'secret-word',
    tls: 'verify-full',
    caFile,
  })
const failure = (call: Promise<unknown>) =>
  call.then(
    () => null,
    (error: unknown) => (error instanceof PortError ? error : Promise.reject(error)),
  )

test('a pooler that proves who it is, is asked inside TLS only', async () => {
  const { heard, port } = await consoleThat(true)
  const asked = pooler(port, join(dir, 'ca.pem'))
  expect(await asked.pools()).toMatchObject({ present: true, clientsActive: 0 })
  await asked.close()
  expect(heard.clear.equals(sslRequest)).toBe(true)
  expect(heard.inside).toContain('SHOW')
})

test('one whose certificate nobody signed is told nothing', async () => {
  const { heard, port } = await consoleThat(true)
  const asked = pooler(port)
  expect(await failure(asked.pools())).not.toBeNull()
  await asked.close()
  expect(heard.inside).toBe('')
})

test('one that offers no TLS is told nothing', async () => {
  const { heard, port } = await consoleThat(false)
  const asked = pooler(port, join(dir, 'ca.pem'))
  expect(await failure(asked.pools())).not.toBeNull()
  await asked.close()
  expect(heard.clear.equals(sslRequest)).toBe(true)
})

test('an authority’s file that is not there is said at the start', () => {
  expect(() => pooler(1, join(dir, 'none.pem'))).toThrow(/none\.pem/)
})
