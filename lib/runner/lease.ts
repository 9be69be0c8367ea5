import { EventEmitter } from 'node:events'
import type { LeaseStore } from '../ports/lease-store'

interface LeaseTimes {
  ttlMs: number
  /** Between renewals, and between attempts of a standby. */
  everyMs: number
  /** Without any answer of the store since start, this process leads provisionally after this time, at epoch 0. */
  provisionalMs: number
}

export const leaseTimes: LeaseTimes = { ttlMs: 1000, everyMs: 300, provisionalMs: 3000 }

/** Two clocks of this machine: the first stands still while the machine is suspended, the second may be set. */
export interface LeaseClock {
  monotonicMs(): number
  wallMs(): number
}

const leaseClock: LeaseClock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() }

export type Leadership = { leading: false } | { leading: true; epoch: number; provisional: boolean }

interface Events {
  change: [Leadership]
  answered: []
  failed: [unknown]
}

/**
 * Leads while it holds a lease in the store. While the store is not responding, a leader goes on leading (nobody else can
 * take the lease either) and everyone asks again; whoever finds the lease taken steps down at once. A process that has
 * never reached the store leads provisionally, so that health is watched even then: epoch 0 yields to every real epoch.
 * Effects need more than this: they check their epoch in the store, in the writing transaction.
 */
export class Lease extends EventEmitter<Events> {
  #state: Leadership = { leading: false }
  #timer: NodeJS.Timeout | null = null
  #stopped = true
  #answeredEver = false
  #startedAt = 0
  /** Until when the store's last answer holds for certain, on each of our clocks, counted from before we asked. */
  #heldUntil = { monotonicMs: 0, wallMs: 0 }

  constructor(
    private readonly store: LeaseStore,
    readonly name: string,
    readonly holder: string,
    private readonly times: LeaseTimes = leaseTimes,
    private readonly clock: LeaseClock = leaseClock,
  ) {
    super()
  }

  get state(): Leadership {
    return this.#state
  }

  /**
   * May we act, by both of our clocks? Past this we may still lead. A process that was frozen knows it by either clock; a
   * machine that was suspended only by the one that went on.
   */
  get inTime(): boolean {
    const { monotonicMs, wallMs } = this.#heldUntil
    return this.clock.monotonicMs() < monotonicMs && this.clock.wallMs() < wallMs
  }

  start(): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.#startedAt = this.clock.monotonicMs()
    void this.#round()
  }

  /** Steps down and lets the lease go, so that the next leader need not wait for it to expire. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    const was = this.#state
    this.#become({ leading: false })
    if (was.leading && !was.provisional)
      await this.#limited(this.store.release(this.name, this.holder, was.epoch)).catch(() => {})
  }

  #become(next: Leadership): void {
    const before = this.#state
    this.#state = next
    const same = before.leading === next.leading && (!before.leading || !next.leading || before.epoch === next.epoch)
    if (!same) this.emit('change', next)
  }

  async #round(): Promise<void> {
    const begun = this.clock.monotonicMs()
    const begunWall = this.clock.wallMs()
    let waitMs = this.times.everyMs
    try {
      const { next, freeInMs } = await this.#limited(this.#ask())
      waitMs = Math.min(waitMs, freeInMs)
      this.#answeredEver = true
      if (this.#stopped) return
      const { ttlMs } = this.times
      if (next.leading) this.#heldUntil = { monotonicMs: begun + ttlMs, wallMs: begunWall + ttlMs }
      this.#become(next)
      this.emit('answered')
    } catch (error) {
      if (this.#stopped) return
      this.emit('failed', error)
      if (!this.#answeredEver && !this.#state.leading && begun - this.#startedAt > this.times.provisionalMs)
        this.#become({ leading: true, epoch: 0, provisional: true })
    }
    if (this.#stopped) return
    this.#timer = setTimeout(() => void this.#round(), Math.max(20, waitMs - (this.clock.monotonicMs() - begun)))
  }

  /** `freeInMs`: when another's lease ends unless it is renewed. A standby asks then, so that a dead leader is replaced at once. */
  async #ask(): Promise<{ next: Leadership; freeInMs: number }> {
    const { ttlMs } = this.times
    const now = this.#state
    if (now.leading && !now.provisional && (await this.store.renew(this.name, this.holder, now.epoch, ttlMs)))
      return { next: now, freeInMs: Number.POSITIVE_INFINITY }
    const attempt = await this.store.acquire(this.name, this.holder, ttlMs)
    return attempt.held
      ? { next: { leading: true, epoch: attempt.epoch, provisional: false }, freeInMs: Number.POSITIVE_INFINITY }
      : { next: { leading: false }, freeInMs: attempt.expiresInMs }
  }

  /** An answer later than the lease itself is no answer. */
  #limited<T>(promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the store did not respond within the lease')), this.times.ttlMs)
    })
    promise.catch(() => {})
    return Promise.race([promise, limit]).finally(() => clearTimeout(timer))
  }
}
