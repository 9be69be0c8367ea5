import { Socket } from 'node:net'
import { Client, type ClientConfig } from 'pg'
import type { Seat } from './seat'

export interface LinkSettings {
  address: { host: string; port: number }
  user: string
  password: string
  database: string
  applicationName: string
  /** TLS options of Node, or null for a plain connection. The host's name is checked against the certificate. */
  tls: { ca: string | undefined } | null
}

type Row = Record<string, unknown>
/** What the server says of one statement: the first word of its tag, and its rows. */
export interface Answered {
  command: string | null
  rows: Row[]
}
export type Lost = { kind: 'closed' | 'reset'; at: number }

/** Errors by which the network gives a connection up; the other side may still believe in it. */
const silentDeaths = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'])
/** Longest wait for the server to end a session that we ended in good order, ms. */
const partingMs = 500

/**
 * One session of PostgreSQL, from its first packet to the server's last. We own its socket, so that its close is heard in
 * the same moment. Its seat is given back when the server has ended it: nothing else says that the server no longer has it.
 */
export class Link {
  readonly user: string
  readonly openedAt = performance.now()
  /** Settles when the server has let us in, or has not. */
  readonly opened: Promise<void>
  readonly #client: Client
  readonly #socket = new Socket()
  /** Did a machine accept the connection? Before that no server knows of it. */
  #reached = false
  #isOpening = true
  #ended = false
  #parting = false
  #pending: Promise<unknown> | null = null
  #owesSince: number | null = this.openedAt
  #adopted = () => {}
  #onLost: (lost: Lost) => void
  readonly #gone: Promise<void>

  constructor(
    settings: LinkSettings,
    private readonly seat: Seat,
    /** Told once when the other side ends a session that we had and did not give up. */
    onLost: (lost: Lost) => void,
  ) {
    this.#onLost = onLost
    const { address, user, password, database, applicationName, tls } = settings
    this.user = user
    const config: ClientConfig = {
      host: address.host,
      port: address.port,
      user,
      password,
      database,
      application_name: applicationName,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      stream: () => this.#socket,
      ssl: tls ? { rejectUnauthorized: true, ca: tls.ca, minVersion: 'TLSv1.2' } : false,
    }
    this.#client = new Client(config)
    // The driver reports the same loss as an event; without a listener it would end the process.
    this.#client.on('error', () => {})
    this.#gone = this.#watch()
    this.opened = this.#client.connect().then(
      () => {
        this.#isOpening = false
        this.#owesSince = null
      },
      (error: unknown) => {
        this.#isOpening = false
        this.#socket.destroy()
        throw error
      },
    )
    this.opened.catch(() => {})
  }

  get isOpening(): boolean {
    return this.#isOpening && !this.#ended
  }
  get ended(): boolean {
    return this.#ended
  }
  /** The address that the name led to. */
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress
  }
  /** How long the server has owed an answer, ms; 0 when it owes none. */
  owesMs(): number {
    return this.#owesSince === null ? 0 : performance.now() - this.#owesSince
  }

  /** Resolves when the server owes no answer. */
  async idle(): Promise<void> {
    while (this.#pending) await this.#pending.catch(() => {})
  }

  /** Rows of the last of these statements. Throws the driver's error. One at a time: see `idle`. */
  query(sql: string): Promise<Answered | undefined> {
    this.#owesSince = performance.now()
    const answer = this.#client
      .query(sql)
      .then((result: unknown) => (Array.isArray(result) ? result.at(-1) : result) as Answered | undefined)
    const settled = answer.finally(() => {
      this.#pending = null
      this.#owesSince = null
    })
    this.#pending = settled
    return settled
  }

  /** An attempt that no machine has accepted ends without a trace. False when one has. */
  abortUnreached(): boolean {
    if (this.#reached || this.#ended) return this.#ended
    this.#parting = true
    this.#socket.destroy()
    return true
  }

  /** Ends the session in good order; false when the server does not do its part of it in time. */
  async end(): Promise<boolean> {
    this.#parting = true
    if (!(await this.#within(partingMs, this.idle()))) return false
    this.#client.end().catch(() => {})
    return await this.#within(partingMs, this.#gone)
  }

  /**
   * Nobody waits for this one any more: it is ended in good order as soon as the server answers what it owes, and for
   * certain after the limit, ms. Settles when it is over, or was adopted.
   */
  async linger(limitMs: number): Promise<void> {
    this.#parting = true
    this.#socket.unref()
    let timer: NodeJS.Timeout | undefined
    const adopted = new Promise<'adopted'>((resolve) => {
      this.#adopted = () => resolve('adopted')
    })
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, limitMs, 'late')
      timer.unref()
    })
    void this.opened
      .then(() => this.idle())
      .then(() => {
        if (this.#parting) this.#client.end().catch(() => {})
      })
      .catch(() => {})
    const how = await Promise.race([this.#gone, adopted, late])
    clearTimeout(timer)
    if (how === 'late') this.#socket.destroy()
  }

  /** Somebody waits for it again, and is told of its end. */
  adopt(onLost: (lost: Lost) => void): void {
    this.#parting = false
    this.#onLost = onLost
    this.#socket.ref()
    this.#adopted()
  }

  /** Settles at the first sign of the end; tells of it when it is news. */
  #watch(): Promise<void> {
    return new Promise((resolve) => {
      let error: NodeJS.ErrnoException | null = null
      const lost = () => {
        if (this.#ended) return
        this.#ended = true
        const silent = error?.code !== undefined && silentDeaths.has(error.code)
        if (this.#reached && silent) this.seat.vanish()
        else this.seat.free()
        resolve()
        if (!this.#parting && !this.#isOpening)
          this.#onLost({ kind: error?.code === 'ECONNRESET' ? 'reset' : 'closed', at: Date.now() })
      }
      this.#socket.once('connect', () => {
        this.#reached = true
      })
      this.#socket.on('error', (cause: NodeJS.ErrnoException) => {
        error = cause
        lost()
      })
      this.#socket.on('end', lost)
      this.#socket.on('close', lost)
    })
  }

  async #within(limitMs: number, promise: Promise<void>): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, limitMs, false)
    })
    try {
      return await Promise.race([promise.then(() => true), late])
    } finally {
      clearTimeout(timer)
    }
  }
}
