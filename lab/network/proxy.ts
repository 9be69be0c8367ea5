import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { ServerError } from '../../lib/embedded-postgres/errors'
import type { Address } from '../contract'
import { freeShape, Lane, type Shape } from './lane'
import { readOpening, type Startup } from './startup'

/** State of a link. `cut` resets what is open and refuses what is new. */
export type LinkState =
  | { kind: 'up' }
  | { kind: 'cut' }
  /** Accepts and never answers; `only` limits it to some connections. */
  | { kind: 'blackhole'; only?: (startup: Startup | null) => boolean }
  | {
      kind: 'shaped'
      bytesPerSecond: number | null
      latencyMs: number
      lossPercent?: number
      only?: (startup: Startup | null) => boolean
    }

interface Connection {
  client: Socket
  upstream: Socket | null
  target: Address | null
  startup: Startup | null
  lanes: Lane[]
  /** Bytes read before the connection to the server was made. */
  head: Buffer
  /** It asked for encryption while nothing passed, and waits for the answer. */
  unanswered: boolean
  opened: boolean
}

/**
 * A TCP proxy in front of one server, or of whichever server a role points to. While it is closed, clients are
 * refused, as by a host whose server has died.
 */
export class LinkProxy {
  #server: Server | null = null
  #state: LinkState
  /** What the network around it is like; as long as that is up, its own state counts. */
  #outside: LinkState = { kind: 'up' }
  #connections = new Set<Connection>()
  #upstreams: Address[] = []
  #turns = 0
  #wanted = false
  #turn: Promise<void> = Promise.resolve()

  constructor(
    readonly listen: Address,
    /** What the link is like when nothing is wrong with it. */
    private readonly natural: LinkState = { kind: 'up' },
  ) {
    this.#state = natural
  }

  get state(): LinkState {
    return this.#state
  }
  /** Is no fault on this link? */
  get isNatural(): boolean {
    return this.#state === this.natural && this.#outside.kind === 'up'
  }
  get connections(): number {
    return this.#connections.size
  }

  /** Points to a server, or to several in turn. Connections to others are reset, as a role change does. */
  point(upstreams: Address[]): void {
    this.#upstreams = upstreams
    for (const connection of [...this.#connections])
      if (connection.target && !upstreams.some((upstream) => isSame(upstream, connection.target)))
        this.#drop(connection)
  }

  setState(state: LinkState): void {
    this.#state = state
    this.#apply()
  }

  /** Puts it into a network that fails as a whole, beside whatever fault of its own it has; `up` ends that. */
  setOutside(state: LinkState): void {
    this.#outside = state
    this.#apply()
  }

  get #isCut(): boolean {
    return this.#state.kind === 'cut' || this.#outside.kind === 'cut'
  }

  #apply(): void {
    if (this.#isCut) this.dropAll()
    for (const connection of this.#connections) {
      const shape = this.#shapeFor(connection)
      for (const lane of connection.lanes) lane.reshape(shape)
      // Who asked for encryption while nothing passed would wait for ever: libpq has no limit for that.
      if (connection.unanswered && !shape.held) {
        connection.unanswered = false
        connection.client.write('N')
      }
      this.#dial(connection)
    }
    this.#settle().catch((error: unknown) => console.error('lab:', error instanceof Error ? error.message : error))
  }

  /** Back to what the link is like by nature. */
  restore(): void {
    this.setState(this.natural)
  }

  /** Takes connections from now on. Throws when the address is taken. */
  async open(): Promise<void> {
    this.#wanted = true
    await this.#settle()
  }

  /** Refuses connections from now on and resets those that are open. */
  async close(): Promise<void> {
    this.#wanted = false
    this.dropAll()
    await this.#settle()
  }

  dropAll(): void {
    for (const connection of [...this.#connections]) this.#drop(connection)
  }

  /** Opens and closes the listener one at a time, in the order in which the state changed. */
  #settle(): Promise<void> {
    const settled = this.#turn.then(async () => {
      const listening = this.#wanted && !this.#isCut
      if (listening && !this.#server) this.#server = await this.#listen()
      else if (!listening && this.#server) {
        const server = this.#server
        this.#server = null
        const closed = new Promise((done) => server.close(done))
        this.dropAll()
        await closed
      }
    })
    this.#turn = settled.catch(() => undefined)
    return settled
  }

  async #listen(): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
    server.listen({ host: this.listen.host, port: this.listen.port, backlog: 256 })
    try {
      await once(server, 'listening')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      const { host, port } = this.listen
      throw new ServerError('port-in-use', `The lab cannot listen on ${host}:${port}: another program uses the port.`)
    }
    return server
  }

  #accept(client: Socket): void {
    const connection: Connection = {
      client,
      upstream: null,
      target: null,
      startup: null,
      lanes: [],
      head: Buffer.alloc(0),
      unanswered: false,
      opened: false,
    }
    this.#connections.add(connection)
    client.on('error', () => this.#drop(connection))
    client.on('close', () => this.#drop(connection))
    const onEnd = () => this.#drop(connection)
    const onData = (chunk: Buffer) => {
      connection.head = connection.head.length ? Buffer.concat([connection.head, chunk]) : chunk
      let opening = readOpening(connection.head)
      if (opening.kind === 'encryption') {
        connection.head = connection.head.subarray(opening.length)
        if (this.#shapeFor(connection).held) {
          connection.unanswered = true
          return
        }
        client.write('N')
        opening = readOpening(connection.head)
      }
      if (opening.kind === 'incomplete' || opening.kind === 'encryption') return
      client.off('data', onData)
      client.off('end', onEnd)
      client.pause()
      if (opening.kind === 'startup') connection.startup = opening.startup
      connection.opened = true
      this.#dial(connection)
    }
    client.on('data', onData)
    client.on('end', onEnd)
  }

  #dial(connection: Connection): void {
    if (!connection.opened || connection.upstream || this.#shapeFor(connection).held) return
    const target = this.#upstreams[this.#turns++ % Math.max(1, this.#upstreams.length)]
    if (!target) {
      this.#drop(connection)
      return
    }
    connection.target = target
    const upstream = connect({ host: target.host, port: target.port, allowHalfOpen: true, noDelay: true })
    connection.upstream = upstream
    upstream.on('error', () => this.#drop(connection))
    upstream.on('close', () => this.#drop(connection))
    upstream.once('connect', () => {
      upstream.write(connection.head)
      connection.head = Buffer.alloc(0)
      const shape = this.#shapeFor(connection)
      connection.lanes = [new Lane(connection.client, upstream, shape), new Lane(upstream, connection.client, shape)]
    })
  }

  #shapeFor({ startup }: Connection): Shape {
    const outside = shapeOf(this.#outside, startup)
    return outside === freeShape ? shapeOf(this.#state, startup) : outside
  }

  #drop(connection: Connection): void {
    if (!this.#connections.delete(connection)) return
    for (const lane of connection.lanes) lane.stop()
    // What the server said last (such as a refused password) is still on its way when it closed in order.
    if (connection.client.writableEnded) connection.client.destroySoon()
    else connection.client.resetAndDestroy()
    connection.upstream?.resetAndDestroy()
  }
}

function shapeOf(state: LinkState, startup: Startup | null): Shape {
  switch (state.kind) {
    case 'up':
    case 'cut':
      return freeShape
    case 'blackhole':
      return (state.only?.(startup) ?? true) ? { ...freeShape, held: true } : freeShape
    case 'shaped': {
      const { bytesPerSecond, latencyMs, lossPercent = 0 } = state
      return (state.only?.(startup) ?? true) ? { held: false, bytesPerSecond, latencyMs, lossPercent } : freeShape
    }
  }
}

function isSame(a: Address, b: Address | null): boolean {
  return a.host === b?.host && a.port === b.port
}
