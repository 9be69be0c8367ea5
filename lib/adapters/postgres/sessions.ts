import { seatWaitMs, sessionsElsewhere, sharesOf, type Use, usualSessionsPerNode } from '../../domain/cluster/sessions'
import { PortError } from '../../ports/port-error'
import type { Link } from './link'
import type { Seat } from './seat'

/** Our own share is used up: nothing was asked of the server. */
const noSeatError = (who: string, most: number) =>
  new PortError(
    'timeout',
    `The War Room uses all ${most} of the sessions that it may have for this at ${who}. Try again in a moment.`,
    { outcome: 'rejected', probe: 'timeout' },
  )

/** A session that vanished without a word, or that the server never ended, is believed gone after this, ms: RDS's own limit. */
const forgottenMs = 300_000

/**
 * The sessions that one use may have at one address. Whoever opens a connection takes a seat first and gives it back when
 * the server has ended the session, not when we have lost patience with it: a session that we left to a server that hangs
 * counts until it is gone.
 */
export class Seats {
  #taken = 0
  readonly #waiting: (() => void)[] = []
  /** Links that nobody waits for any more, kept open until the server lets go of them. */
  readonly #lingering = new Set<Link>()
  /** Seats of sessions that vanished, of which the server may still know, and since when. */
  readonly #vanished = new Map<Seat, number>()

  constructor(
    readonly most: number,
    private readonly now: () => number,
  ) {}

  /** Sessions that the server may have now, those that are being opened included. */
  get taken(): number {
    return this.#taken
  }

  /** A seat, within the limit, ms. @throws PortError when none becomes free. */
  take(who: string, limitMs: number): Promise<Seat> {
    this.#forget()
    if (this.#taken < this.most) return Promise.resolve(this.#seat())
    return new Promise((resolve, reject) => {
      const turn = () => {
        clearTimeout(timer)
        resolve(this.#seat())
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1)
        reject(noSeatError(who, this.most))
      }, limitMs)
      this.#waiting.push(turn)
    })
  }

  /** May a link that hangs be replaced? Two seats remain for attempts, whatever hangs; one that must, takes the last. */
  mayReplace(must: boolean): boolean {
    this.#forget()
    return this.#taken < this.most && (must || this.#lingering.size + this.#vanished.size < this.most - 2)
  }

  /** Keeps a link that its owner gave up until the server lets go of it. */
  linger(link: Link): void {
    this.#lingering.add(link)
    void link.linger(forgottenMs).finally(() => this.#lingering.delete(link))
  }

  /** A link that was given up while it was being opened, and that the server may still let in; the newest first. */
  adopt(user: string): Link | null {
    const link = [...this.#lingering].findLast((one) => one.user === user && one.isOpening)
    if (!link) return null
    this.#lingering.delete(link)
    return link
  }

  /** The server answered a session that was opened at this time: what vanished before is gone there too. */
  answered(openedAt: number): void {
    for (const [seat, at] of this.#vanished) if (at < openedAt) seat.free()
  }

  #seat(): Seat {
    this.#taken += 1
    let given = true
    const seat: Seat = {
      free: () => {
        if (!given) return
        given = false
        this.#vanished.delete(seat)
        this.#taken -= 1
        this.#waiting.shift()?.()
      },
      vanish: () => {
        if (given) this.#vanished.set(seat, this.now())
      },
    }
    return seat
  }

  #forget(): void {
    for (const [seat, at] of this.#vanished) if (this.now() - at >= forgottenMs) seat.free()
  }
}

/** The sessions that this process may have on the guarded database, by address and use. */
export class SessionBudget {
  readonly #shares: Record<Use, number>
  readonly #seats = new Map<string, Seats>()

  constructor(
    sessionsPerNode = usualSessionsPerNode,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#shares = sharesOf(sessionsPerNode)
  }

  for(use: Use): SessionsOf {
    return this.#sessions(use, this.#shares[use], seatWaitMs[use])
  }

  /** The part of the collector in the other region, which is a process of its own. */
  elsewhere(): SessionsOf {
    return this.#sessions('elsewhere', sessionsElsewhere, null)
  }

  #sessions(name: string, most: number, waitMs: number | null): SessionsOf {
    return {
      waitMs,
      at: ({ host, port }) => {
        const key = `${name} ${host}:${port}`
        const known = this.#seats.get(key)
        if (known) return known
        const made = new Seats(most, this.now)
        this.#seats.set(key, made)
        return made
      },
    }
  }

  /** Sessions that the servers may have now, of all uses and addresses. */
  get taken(): number {
    return [...this.#seats.values()].reduce((sum, seats) => sum + seats.taken, 0)
  }
}

/** The part of the budget that one use has. */
export interface SessionsOf {
  /** Longest wait for a seat, ms; null for as long as connecting may take. */
  waitMs: number | null
  at(address: { host: string; port: number }): Seats
}
