/**
 * When was which WAL position the end of the writer's log? A ring of (position, time) pairs taken from heartbeats and
 * from the writer's own Q1, on one clock (procedures, section 3, "Lag"). It turns a position into a time, which is what
 * makes lag in seconds right on an idle cluster.
 *
 * A pair (lsn, t) says: at t the log ended at lsn, so whatever was written after lsn committed after t.
 */
export class WalClock {
  readonly #lsn: BigInt64Array
  readonly #at: Float64Array
  #start = 0
  #size = 0
  #timeline: number | null = null

  /** 24 h of two pairs a second would be 172,800; 6 h are kept by default (0.7 MB). */
  constructor(readonly capacity = 43_200) {
    this.#lsn = new BigInt64Array(capacity)
    this.#at = new Float64Array(capacity)
  }

  get size(): number {
    return this.#size
  }

  get timeline(): number | null {
    return this.#timeline
  }

  #index(i: number): number {
    return (this.#start + i) % this.capacity
  }

  #pair(i: number): { lsn: bigint; at: number } {
    const k = this.#index(i)
    return { lsn: this.#lsn[k] ?? 0n, at: this.#at[k] ?? 0 }
  }

  oldest(): { lsn: bigint; at: number } | null {
    return this.#size ? this.#pair(0) : null
  }

  newest(): { lsn: bigint; at: number } | null {
    return this.#size ? this.#pair(this.#size - 1) : null
  }

  /**
   * Adds a pair. Late answers (a time or a position behind the newest) say nothing new and are dropped. On a later
   * timeline the pairs past the fork are forgotten: they belong to the abandoned branch.
   */
  push(lsn: bigint, at: number, timeline: number | null): void {
    if (timeline !== null) {
      if (this.#timeline !== null && timeline < this.#timeline) return
      if (this.#timeline !== null && timeline > this.#timeline) {
        while (this.#size && this.#pair(this.#size - 1).lsn >= lsn) this.#size -= 1
      }
      this.#timeline = timeline
    }
    const last = this.newest()
    if (last && (at <= last.at || lsn < last.lsn)) return
    if (this.#size === this.capacity) {
      this.#start = (this.#start + 1) % this.capacity
      this.#size -= 1
    }
    const k = this.#index(this.#size)
    this.#lsn[k] = lsn
    this.#at[k] = at
    this.#size += 1
  }

  /** Forgets all pairs and the timeline: another history begins. */
  forget(): void {
    this.#start = 0
    this.#size = 0
    this.#timeline = null
  }

  /** Index of the last pair with position <= lsn, or -1. */
  #find(lsn: bigint): number {
    let low = 0
    let high = this.#size
    while (low < high) {
      const mid = (low + high) >> 1
      if (this.#pair(mid).lsn <= lsn) low = mid + 1
      else high = mid
    }
    return low - 1
  }

  /** The latest time at which the log certainly ended at or before this position: a bound. Null when before the ring. */
  floor(lsn: bigint): number | null {
    const i = this.#find(lsn)
    return i < 0 ? null : this.#pair(i).at
  }

  /** The time at which the log ended here, interpolated between its neighbours. Null when before the ring. */
  timeOf(lsn: bigint): number | null {
    const i = this.#find(lsn)
    if (i < 0) return null
    const before = this.#pair(i)
    if (i === this.#size - 1 || before.lsn === lsn) return before.at
    const after = this.#pair(i + 1)
    const part = Number(lsn - before.lsn) / Number(after.lsn - before.lsn)
    return before.at + (after.at - before.at) * part
  }

  /** Greatest bytes a second between neighbours (counted over at least 0.2 s) since a time; null without two pairs. */
  peakRate(sinceMs: number): number | null {
    let peak: number | null = null
    for (let i = this.#size - 1; i > 0; i -= 1) {
      const b = this.#pair(i)
      const a = this.#pair(i - 1)
      if (a.at < sinceMs) break
      const rate = Number(b.lsn - a.lsn) / Math.max(0.2, (b.at - a.at) / 1000)
      peak = Math.max(peak ?? 0, rate)
    }
    return peak
  }
}

/**
 * A time told by a server, on the collector's clock: taken as it is when it lies within the probe that brought it,
 * otherwise (clocks differ) the middle of the probe.
 */
export function onOurClock(toldAt: number, startedAt: number, endedAt: number): number {
  return toldAt >= startedAt && toldAt <= endedAt ? toldAt : (startedAt + endedAt) / 2
}
