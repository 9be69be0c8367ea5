import type { Snapshot } from '../domain/cluster/types'
import type { Clock } from '../ports/clock'

/** Does our own store answer? Told by whoever uses it; said in every snapshot. */
export class StoreHealth {
  #state: Snapshot['store']

  constructor(private readonly clock: Clock) {
    this.#state = { ok: false, since: clock.now(), error: 'It has not responded yet.' }
  }

  get state(): Snapshot['store'] {
    return this.#state
  }

  answered(): void {
    if (!this.#state.ok) this.#state = { ok: true, since: this.clock.now(), error: null }
  }

  /** The reason is worded here: a driver's message may carry an address or a user. */
  failed(_error: unknown): void {
    if (this.#state.ok || this.#state.error !== unreachable)
      this.#state = { ok: false, since: this.#state.ok ? this.clock.now() : this.#state.since, error: unreachable }
  }
}

const unreachable = 'The store is not responding. Live health continues.'
