import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { ProbeLimits } from '../../ports/database'
import { unreadableAnswer } from '../../ports/outcome'
import { closedError, fromPostgresError, timeoutError } from './errors'
import { type Answered, Link, type LinkSettings, type Lost } from './link'
import type { SessionsOf } from './sessions'

interface ConnectionSettings extends LinkSettings {
  limits: ProbeLimits
  /** Upper bound of the server's own limit per statement. */
  statementMs: number
  sessions: SessionsOf
}

type Row = Record<string, unknown>

/** A session that hangs is replaced at once the first time, then after these pauses, ms: each may live on at the server. */
const firstPatienceMs = 2_000
const longestPatienceMs = 30_000

/**
 * One connection, made when it is needed and kept. Our timers end each wait for good, whatever the driver is waiting for.
 * Calls run one after the other; when one exceeds its limit, those behind it fail with it, because a server that hangs
 * would make them wait for nothing.
 *
 * A session that exceeds a limit is not thrown away and made anew again and again: a server that hangs would keep them all.
 * Later calls wait for the same session within their own limits, and it is replaced ever more seldom.
 */
export class Connection {
  private link: Link | null = null
  private tail: Promise<unknown> = Promise.resolve()
  private readonly waiting = new Set<(error: unknown) => void>()
  private readonly listeners: ((lost: Lost) => void)[] = []
  private closed = false
  private patienceMs = 0
  private looking = false
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
    return (await this.last(sql, mutation)).rows
  }

  /** Runs one statement that changes something. @throws PortError, also when the server does not say that it did this one. */
  async change(statement: string): Promise<void> {
    const { command } = await this.last(statement, true)
    if (command !== /^\w+/.exec(statement.trim())?.[0].toUpperCase()) throw unreadableAnswer(this.who, null, true)
  }

  private async last(sql: string, mutation: boolean): Promise<Answered> {
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

  /** Ends the connection; calls after it fail. One that hangs is left to the server without waiting for it. */
  async close(): Promise<void> {
    this.closed = true
    const { link } = this
    this.link = null
    await new Promise((heard) => setImmediate(heard))
    if (!link || link.ended || link.abortUnreached()) return
    if (link.isOpening || !(await link.end())) this.seats.linger(link)
  }

  private get seats() {
    return this.settings.sessions.at(this.settings.address)
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

  private async run(sql: string, mutation: boolean): Promise<Answered> {
    const { limits, statementMs } = this.settings
    const link = await this.open()
    // The server answers first where it can: "busy" says more than our own timeout.
    const serverMs = Math.max(50, Math.min(statementMs, Math.floor(limits.queryMs * 0.8)))
    let sent = false
    let late = false
    const answer = async (): Promise<Answered> => {
      await link.idle()
      if (late) return { command: null, rows: [] }
      sent = true
      const answered = await link.query(`SET LOCAL statement_timeout = ${serverMs}; ${sql}`)
      // An empty answer is not an answer of no rows.
      if (!answered?.command) throw unreadableAnswer(this.who, null, mutation)
      return answered
    }
    const answered = await this.within(limits.queryMs, answer(), (limitMs) => {
      late = true
      this.losePatience(link)
      return timeoutError(this.who, 'query', limitMs, mutation && sent)
    }).catch((error: unknown) => {
      throw fromPostgresError(error, this.who, mutation && sent)
    })
    this.patienceMs = 0
    this.seats.answered(link.openedAt)
    return answered
  }

  /** The session that we have, or a new one, within the limit. */
  private async open(): Promise<Link> {
    const { limits, user, sessions } = this.settings
    const begun = performance.now()
    if (this.link?.ended) this.link = null
    if (!this.link) {
      const adopted = this.seats.adopt(user)
      if (adopted) {
        adopted.adopt((lost) => this.lost(adopted, lost))
        this.link = adopted
      } else {
        const seat = await this.seats.take(this.who, sessions.waitMs ?? limits.connectMs)
        if (this.closed) {
          seat.free()
          throw closedError(this.who, false)
        }
        const made: Link = new Link(this.settings, seat, (lost) => this.lost(made, lost))
        this.link = made
      }
    }
    const link = this.link
    const leftMs = sessions.waitMs === null ? limits.connectMs - (performance.now() - begun) : limits.connectMs
    try {
      await this.within(Math.max(1, leftMs), link.opened, () => {
        if (link.abortUnreached()) this.forget(link)
        else this.losePatience(link)
        return timeoutError(this.who, 'connect', limits.connectMs, false)
      })
    } catch (error) {
      if (!link.isOpening) this.forget(link)
      throw fromPostgresError(error, this.who, false)
    }
    if (this.closed || link.ended) throw closedError(this.who, false)
    return link
  }

  /** Gives a session that hangs up when its time has come and another may be had. */
  private losePatience(link: Link): void {
    if (this.link !== link || link.ended) return
    if (link.owesMs() >= this.patienceMs && this.seats.mayReplace(false)) {
      this.leave(link)
      this.patienceMs = Math.min(longestPatienceMs, Math.max(firstPatienceMs, 2 * this.patienceMs))
    } else void this.followName(link)
  }

  /** A name that leads elsewhere by now, as an endpoint does after a failover, is followed at once. */
  private async followName(link: Link): Promise<void> {
    const { host } = this.settings.address
    if (this.looking || isIP(host)) return
    this.looking = true
    try {
      const now = await lookup(host, { all: true })
      const elsewhere = link.remoteAddress && now.length > 0 && now.every((to) => to.address !== link.remoteAddress)
      if (elsewhere && this.link === link && !link.ended && this.seats.mayReplace(true)) this.leave(link)
    } catch {
      // The name leads nowhere now; the session that we have is all there is.
    } finally {
      this.looking = false
    }
  }

  private leave(link: Link): void {
    this.forget(link)
    this.seats.linger(link)
  }

  private forget(link: Link): void {
    if (this.link === link) this.link = null
  }

  private lost(link: Link, lost: Lost): void {
    this.forget(link)
    for (const listener of this.listeners) listener(lost)
  }

  /**
   * Waits within a limit, ms; past it, what `late` makes of it is thrown, for the calls that wait behind too. What the
   * network has brought by then is heard first: a process that was busy itself must not call the other side late.
   */
  private async within<T>(limitMs: number, work: Promise<T>, late: (limitMs: number) => Error): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    let heard: NodeJS.Immediate | undefined
    work.catch(() => {})
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        heard = setImmediate(() => {
          reject(late(limitMs))
          this.failWaiting()
        })
      }, limitMs)
    })
    try {
      return await Promise.race([work, limit])
    } finally {
      clearTimeout(timer)
      clearImmediate(heard)
    }
  }

  private failWaiting(): void {
    const error = timeoutError(this.who, 'query', this.settings.limits.queryMs, false)
    for (const fail of [...this.waiting]) fail(error)
  }
}
