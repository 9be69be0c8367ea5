import type { Clock } from '../ports/clock'

export interface LoopOptions {
  /** Asked before each wait, so that a loop can go faster while something is suspected. */
  everyMs: () => number
  /** Start runs at multiples of the period plus this phase, so that nodes are asked at the same time. */
  phaseMs?: number
  onError: (error: unknown) => void
}

/**
 * Repeats one probe for ever: never two at once, never stopped by a failure, and at once when kicked. Each source has
 * its own loop, so a slow or dead one delays nobody.
 */
export class Loop {
  #timer: NodeJS.Timeout | null = null
  #running = false
  #again = false
  #stopped = true

  constructor(
    private readonly clock: Clock,
    private readonly run: () => Promise<void>,
    private readonly options: LoopOptions,
  ) {}

  start(): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.kick()
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  /** Runs now; when a run is under way, once more right after it. */
  kick(): void {
    if (this.#stopped) return
    if (this.#running) {
      this.#again = true
      return
    }
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    void this.#once()
  }

  async #once(): Promise<void> {
    this.#running = true
    this.#again = false
    try {
      await this.run()
    } catch (error) {
      this.options.onError(error)
    }
    this.#running = false
    if (this.#stopped) return
    if (this.#again) this.kickSoon(20)
    else this.kickSoon(this.#waitMs())
  }

  private kickSoon(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#once()
    }, ms)
  }

  #waitMs(): number {
    const every = this.options.everyMs()
    if (this.options.phaseMs === undefined) return every
    const now = this.clock.now()
    const past = (((now - this.options.phaseMs) % every) + every) % every
    // A run that ended just before its slot waits for the next one rather than running twice.
    const wait = every - past
    return wait < every / 10 ? wait + every : wait
  }
}
