import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Address, Silence } from '../contract'
import { meetSilence } from '../network/silence'

/**
 * The one address that the application knows, as a Kubernetes service in front of several poolers: connections go to each in
 * turn, and past those that refuse them.
 */
export class PoolerService {
  #server: Server | null = null
  #turns = 0
  readonly #sockets = new Set<Socket>()
  #silence: Silence | null = null

  constructor(
    readonly listen: Address,
    private readonly poolers: readonly Address[],
  ) {}

  /** Throws an Error with one clear sentence when its address is taken. */
  async open(): Promise<void> {
    const server = createServer({ noDelay: true }, (client) => this.#accept(client))
    server.listen({ ...this.listen, backlog: 256 })
    try {
      await once(server, 'listening')
    } catch {
      throw new Error(`The service of the poolers cannot listen on ${this.listen.host}:${this.listen.port}.`)
    }
    this.#server = server
  }

  /** The network in front of it: silent, closed, or as it should be. */
  setReach(silence: Silence | null): void {
    if (silence === this.#silence) return
    this.#silence = silence
    meetSilence(this.#sockets, silence)
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = null
    for (const socket of this.#sockets) socket.destroy()
    if (!server) return
    server.close()
    await once(server, 'close')
  }

  #accept(client: Socket): void {
    this.#keep(client)
    if (this.#silence) {
      meetSilence([client], this.#silence)
      return
    }
    const first = this.#turns++
    const order = this.poolers.map((_, i) => this.poolers[(first + i) % this.poolers.length])
    const dial = (): void => {
      const next = order.shift()
      if (!next) {
        client.destroy()
        return
      }
      const upstream = connect({ ...next, noDelay: true })
      this.#keep(upstream)
      const refused = () => dial()
      upstream.once('error', refused)
      upstream.once('connect', () => {
        upstream.off('error', refused)
        client.pipe(upstream)
        upstream.pipe(client)
        client.on('close', () => upstream.destroy())
        upstream.on('close', () => client.destroySoon())
      })
    }
    dial()
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
