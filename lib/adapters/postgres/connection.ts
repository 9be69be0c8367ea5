import { Socket } from 'node:net'
import { Client, type ClientConfig } from 'pg'
import type { ProbeLimits } from '../../ports/database'
import { closedError, fromPostgresError, timeoutError } from './errors'

export interface ConnectionSettings {
  address: { host: string; port: number }
  user: string
  password: string
  database: string
  applicationName: string
  /** TLS options of Node, or null for a plain connection. The host's name is checked against the certificate. */
  tls: { ca: string | undefined } | null
  limits: ProbeLimits
  /** Upper bound of the server's own limit per statement. */
  statementMs: number
}

export type Lost = { kind: 'closed' | 'reset'; at: number }
type Row = Record<string, unknown>

interface Live {
  client: Client
  socket: Socket
  /** Set when we end the connection ourselves, so that its close is not news. */
  ours: boolean
}

/**
 * One connection, made when it is needed and kept. We own its socket: our timers end it for good, whatever the driver is
 * waiting for, and its close is heard in the same moment. Calls run one after the other; when one exceeds its limit,
 * those behind it fail with it, because a server that hangs would make them wait for nothing.
 */
export class Connection {
  private live: Live | null = null
  private connecting: Promise<Live> | null = null
  private tail: Promise<unknown> = Promise.resolve()
  private readonly waiting = new Set<(error: unknown) => void>()
  private readonly listeners: ((lost: Lost) => void)[] = []
  private closed = false
  private readonly who: string

  constructor(private readonly settings: ConnectionSettings) {
    this.who = `${settings.address.host}:${settings.address.port}`
  }

  onLost(listener: (lost: Lost) => void): void {
    this.listeners.push(listener)
  }

  /**
   * Runs statements without parameters in one round trip and one transaction; answers the rows of the last one. The
   * server's own limit comes with the statement, and not at the start of the session, because a pooler refuses it there.
   * @throws PortError
   */
  async rows(sql: string, mutation: boolean): Promise<Row[]> {
    if (this.closed) throw closedError(this.who, false)
    const turn = this.tail
    let done = () => {}
    this.tail = new Promise<void>((resolve) => {
      done = resolve
    })
    try {
      await this.myTurn(turn)
      return await this.run(sql, mutation)
    } finally {
      // The next one's turn comes when this and all before it have ended.
      void turn.then(done)
    }
  }

  /** Ends the connection; calls after it fail. */
  async close(): Promise<void> {
    this.closed = true
    const live = this.live
    if (!live) return
    this.live = null
    live.ours = true
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => live.socket.destroy(), 500)
      live.socket.once('close', () => {
        clearTimeout(late)
        resolve()
      })
      live.client.end().catch(() => live.socket.destroy())
    })
  }

  private myTurn(turn: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        this.waiting.delete(fail)
        reject(error)
      }
      this.waiting.add(fail)
      void turn.then(() => {
        this.waiting.delete(fail)
        resolve()
      })
    })
  }

  private async run(sql: string, mutation: boolean): Promise<Row[]> {
    const { limits, statementMs } = this.settings
    const live = await this.connection()
    // The server answers first where it can: "busy" says more than our own timeout.
    const serverMs = Math.max(50, Math.min(statementMs, Math.floor(limits.queryMs * 0.8)))
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<Row[]>((resolve, reject) => {
        timer = setTimeout(() => {
          const error = timeoutError(this.who, 'query', limits.queryMs, mutation)
          reject(error)
          this.drop(live)
          this.failWaiting()
        }, limits.queryMs)
        live.client.query(`SET LOCAL statement_timeout = ${serverMs}; ${sql}`).then((result: unknown) => {
          const results = Array.isArray(result) ? result : [result]
          resolve((results.at(-1) as { rows: Row[] }).rows)
        }, reject)
      })
    } catch (error) {
      throw fromPostgresError(error, this.who, mutation)
    } finally {
      clearTimeout(timer)
    }
  }

  private async connection(): Promise<Live> {
    if (this.live) return this.live
    this.connecting ??= this.open().finally(() => {
      this.connecting = null
    })
    return this.connecting
  }

  private open(): Promise<Live> {
    const { address, user, password, database, applicationName, tls, limits } = this.settings
    const socket = new Socket()
    const config: ClientConfig = {
      host: address.host,
      port: address.port,
      user,
      password,
      database,
      application_name: applicationName,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      stream: () => socket,
      ssl: tls ? { rejectUnauthorized: true, ca: tls.ca, minVersion: 'TLSv1.2' } : false,
    }
    const live: Live = { client: new Client(config), socket, ours: false }
    // The driver reports the same loss as an event; without a listener it would end the process.
    live.client.on('error', () => {})
    return new Promise<Live>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(timeoutError(this.who, 'connect', limits.connectMs, false))
        this.drop(live)
        this.failWaiting()
      }, limits.connectMs)
      live.client.connect().then(
        () => {
          clearTimeout(timer)
          if (this.closed || socket.destroyed) {
            this.drop(live)
            reject(closedError(this.who, false))
            return
          }
          this.live = live
          this.watch(live)
          resolve(live)
        },
        (error: unknown) => {
          clearTimeout(timer)
          this.drop(live)
          reject(fromPostgresError(error, this.who, false))
        },
      )
    })
  }

  /** Reports the end of an open connection once, at the first sign of it. */
  private watch(live: Live): void {
    let told = false
    const lost = (kind: Lost['kind']) => {
      if (told) return
      told = true
      if (this.live === live) this.live = null
      if (live.ours) return
      const at = Date.now()
      for (const listener of this.listeners) listener({ kind, at })
    }
    live.socket.on('error', (error: NodeJS.ErrnoException) => lost(error.code === 'ECONNRESET' ? 'reset' : 'closed'))
    live.socket.on('end', () => lost('closed'))
    live.socket.on('close', () => lost('closed'))
  }

  private drop(live: Live): void {
    live.ours = true
    if (this.live === live) this.live = null
    live.socket.destroy()
  }

  private failWaiting(): void {
    const error = timeoutError(this.who, 'query', this.settings.limits.queryMs, false)
    for (const fail of [...this.waiting]) fail(error)
  }
}
