import type { LagPoint, Mark } from '../domain/cluster/types'
import type { Clock } from '../ports/clock'
import type { LagHistoryStore, ProbeMinute } from '../ports/history'
import { Loop } from './loop'
import type { StoreHealth } from './store-health'

const batch = 300
/** An hour of points waits in memory while the store is away; older ones are given up. */
const bufferKept = 3600

/** Writes the history in batches, behind the collector's back: nothing here ever makes a probe wait. */
export class HistoryWriter {
  #points: LagPoint[] = []
  #marks: Mark[] = []
  #minutes = new Map<number, ProbeMinute>()
  #wrote = true
  readonly #loop: Loop

  constructor(
    clock: Clock,
    private readonly store: LagHistoryStore,
    private readonly environment: string,
    private readonly health: StoreHealth,
    onError: (error: unknown) => void,
  ) {
    this.#loop = new Loop(clock, () => this.#flush(), {
      everyMs: () => 5000,
      onError: (error) => {
        // Said once: while the store is away the same failure comes every few seconds.
        if (this.#wrote) onError(error)
        this.#wrote = false
        this.health.failed(error)
      },
    })
  }

  start(): void {
    this.#loop.start()
  }

  stop(): void {
    this.#loop.stop()
  }

  point(point: LagPoint): void {
    this.#points.push(point)
    if (this.#points.length > bufferKept) this.#points.splice(0, this.#points.length - bufferKept)
  }

  mark(mark: Mark): void {
    this.#marks.push(mark)
    if (this.#marks.length > bufferKept) this.#marks.shift()
  }

  minute(minute: ProbeMinute): void {
    this.#minutes.set(minute.minute, { ...minute })
  }

  get waiting(): number {
    return this.#points.length
  }

  async #flush(): Promise<void> {
    while (this.#points.length) {
      const part = this.#points.slice(0, batch)
      await this.store.append(this.environment, part)
      // New points may have pushed old ones out while we waited: drop what was written, by identity.
      const written = new Set(part)
      this.#points = this.#points.filter((p) => !written.has(p))
    }
    if (this.#marks.length) {
      const part = [...this.#marks]
      await this.store.appendMarks(this.environment, part)
      this.#marks = this.#marks.filter((m) => !part.includes(m))
    }
    if (this.#minutes.size) {
      const part = [...this.#minutes.values()]
      await this.store.saveMinutes(this.environment, part)
      for (const m of part) if (this.#minutes.get(m.minute)?.probes === m.probes) this.#minutes.delete(m.minute)
    }
    this.#wrote = true
    this.health.answered()
  }
}
