import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** What the server does with a query. */
export type Behaviour = 'answer' | 'hang' | 'close' | 'reset'

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type, 0)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const ready = message('Z', Buffer.from('I'))

/**
 * The least of a PostgreSQL server: it lets everybody in and then behaves as told. For what a real server cannot be made
 * to do in a test: accept and say nothing, or hang in the middle of an answer.
 */
export async function startWire(options: { greet: boolean; behaviour?: Behaviour }) {
  const sockets = new Set<Socket>()
  const state = {
    greet: options.greet,
    behaviour: options.behaviour ?? ('answer' as Behaviour),
    connections: 0,
    /** Most connections that were open at once. */
    most: 0,
    queries: 0,
  }
  const answer = (socket: Socket) => socket.write(Buffer.concat([message('C', Buffer.from('SELECT 0\0')), ready]))
  const hung = new Set<Socket>()
  const waiting = new Set<Socket>()
  const server = createServer((socket) => {
    state.connections++
    sockets.add(socket)
    state.most = Math.max(state.most, sockets.size)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let started = false
    socket.on('data', (chunk) => {
      if (!started) {
        started = true
        if (state.greet) socket.write(Buffer.concat([message('R', Buffer.alloc(4)), ready]))
        else waiting.add(socket)
        return
      }
      if (chunk.toString('latin1', 0, 1) !== 'Q') return
      state.queries++
      if (state.behaviour === 'answer') answer(socket)
      if (state.behaviour === 'hang') hung.add(socket)
      if (state.behaviour === 'close') socket.end()
      if (state.behaviour === 'reset') socket.resetAndDestroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    state,
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    sockets,
    /** Answers what hung until now, as a server does that goes on; whoever was not greeted is greeted. */
    answerHung() {
      for (const socket of hung) answer(socket)
      hung.clear()
      for (const socket of waiting) socket.write(Buffer.concat([message('R', Buffer.alloc(4)), ready]))
      waiting.clear()
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
