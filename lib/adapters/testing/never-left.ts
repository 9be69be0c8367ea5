import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { certificateIn } from '../../../lab/kubernetes/certificate'

/** Where nothing of a request can arrive; `bytes` tells what arrived all the same. */
interface Nowhere {
  port: number
  /** For who is to trust the certificate, where there is one. */
  certificate?: string
  bytes(): Promise<number>
  stop(): Promise<void>
}

const worker = `
  const { parentPort, workerData } = require('node:worker_threads')
  const [awake, bytes] = [0, 1]
  const shared = new Int32Array(workerData)
  const server = require('node:net').createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => Atomics.add(shared, bytes, chunk.length))
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    setImmediate(() => Atomics.wait(shared, awake, 0))
  })`

/** A server whose queue of connections is full, as that of a frozen one is: whoever comes next is not let in at all. */
export async function startFrozen(): Promise<Nowhere> {
  const shared = new SharedArrayBuffer(8)
  const thread = new Worker(worker, { eval: true, workerData: shared })
  const [port] = (await once(thread, 'message')) as [number]
  const queued: Socket[] = []
  for (let letIn = true; letIn; ) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    letIn = await Promise.race([
      once(socket, 'connect').then(() => true),
      // One more turn of the loop: on a busy machine the connection may be there and not be told yet.
      new Promise<boolean>((late) => setTimeout(() => setImmediate(late, false), 150)),
    ])
    if (letIn) queued.push(socket)
    else socket.destroy()
  }
  const numbers = new Int32Array(shared)
  return {
    port,
    async bytes() {
      Atomics.store(numbers, 0, 1)
      Atomics.notify(numbers, 0)
      // It has read all that came before the end of what stood in its queue.
      await Promise.all(
        queued.map(async (socket) => {
          socket.resume().end()
          await once(socket, 'close')
        }),
      )
      return Atomics.load(numbers, 1)
    },
    async stop() {
      for (const socket of queued) socket.destroy()
      await thread.terminate()
    },
  }
}

/** Speaks TLS under a certificate that nobody knows, for localhost and 127.0.0.1. */
export async function startStranger(version: 'TLSv1.2' | 'TLSv1.3'): Promise<Nowhere> {
  const directory = mkdtempSync(join(tmpdir(), 'wr-tls-'))
  const made = certificateIn(join(directory, 'key.pem'), Date.now())
  let bytes = 0
  const server = createServer({ ...made, minVersion: version, maxVersion: version }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      bytes += chunk.length
    })
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    certificate: made.cert,
    bytes: async () => bytes,
    async stop() {
      server.close()
      await once(server, 'close')
      rmSync(directory, { recursive: true })
    },
  }
}

/** A port of 127.0.0.1 at which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer({}, () => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
