import type { LagHistory } from '../domain/cluster/feed'
import type { LagPoint, Mark } from '../domain/cluster/types'

interface Columns {
  seconds: Float32Array
  bytes: Float64Array
}

/** 6 h at one point a second. */
const pointsKept = 21_600
const marksKept = 500

/**
 * The last hours of lag in memory, one slot a second in typed arrays (about 260 kB a node), so that the chart loads
 * without the store. A slot without a measurement is NaN: a gap.
 */
export class LagRing {
  readonly #at: Float64Array
  readonly #nodes = new Map<string, Columns>()
  readonly #marks: Mark[] = []
  #start = 0
  #size = 0

  constructor(readonly capacity = pointsKept) {
    this.#at = new Float64Array(capacity)
  }

  get size(): number {
    return this.#size
  }

  #slot(i: number): number {
    return (this.#start + i) % this.capacity
  }

  newestAt(): number | null {
    return this.#size ? (this.#at[this.#slot(this.#size - 1)] ?? null) : null
  }

  /** Adds one point; points must come in order of time, others are dropped. */
  push(point: LagPoint): void {
    const last = this.newestAt()
    if (last !== null && point.at <= last) return
    if (this.#size === this.capacity) {
      this.#start = (this.#start + 1) % this.capacity
      this.#size -= 1
    }
    const slot = this.#slot(this.#size)
    this.#at[slot] = point.at
    for (const columns of this.#nodes.values()) {
      columns.seconds[slot] = Number.NaN
      columns.bytes[slot] = Number.NaN
    }
    for (const [id, value] of Object.entries(point.byNode)) {
      if (!value) continue
      const columns = this.#columns(id)
      columns.seconds[slot] = value.seconds
      columns.bytes[slot] = value.bytes
    }
    this.#size += 1
  }

  /** Puts remembered points before those that were already measured. */
  prepend(points: readonly LagPoint[]): void {
    if (points.length === 0) return
    const oldest = this.#size ? (this.#at[this.#slot(0)] ?? 0) : Number.POSITIVE_INFINITY
    const own = this.#points()
    this.#size = 0
    this.#start = 0
    for (const columns of this.#nodes.values()) columns.seconds.fill(Number.NaN)
    for (const point of points) if (point.at < oldest) this.push(point)
    for (const point of own) this.push(point)
  }

  #points(): LagPoint[] {
    return Array.from({ length: this.#size }, (_, i) => {
      const slot = this.#slot(i)
      const byNode: LagPoint['byNode'] = {}
      for (const [id, columns] of this.#nodes) {
        const seconds = columns.seconds[slot] ?? Number.NaN
        byNode[id] = Number.isNaN(seconds) ? null : { seconds, bytes: columns.bytes[slot] ?? 0 }
      }
      return { at: this.#at[slot] ?? 0, byNode }
    })
  }

  #columns(id: string): Columns {
    let columns = this.#nodes.get(id)
    if (!columns) {
      columns = {
        seconds: new Float32Array(this.capacity).fill(Number.NaN),
        bytes: new Float64Array(this.capacity).fill(Number.NaN),
      }
      this.#nodes.set(id, columns)
    }
    return columns
  }

  mark(mark: Mark): void {
    this.#marks.push(mark)
    if (this.#marks.length > marksKept) this.#marks.splice(0, this.#marks.length - marksKept)
  }

  /**
   * The points of a span, thinned to at most `maxPoints` columns of equal width. A column carries the worst value in it,
   * and is a gap when most of its seconds are.
   */
  history(fromMs: number, toMs: number, maxPoints: number): LagHistory {
    const columns = Math.max(1, Math.min(maxPoints, 10_000))
    const stepMs = Math.max(1000, Math.ceil((toMs - fromMs) / columns / 1000) * 1000)
    const count = Math.max(0, Math.ceil((toMs - fromMs) / stepMs))
    const at = Array.from({ length: count }, (_, i) => fromMs + i * stepMs)
    const filled = new Uint16Array(count)
    const series: LagHistory['series'] = {}
    const slots: { slot: number; column: number }[] = []
    for (let i = 0; i < this.#size; i += 1) {
      const slot = this.#slot(i)
      const time = this.#at[slot] ?? 0
      if (time < fromMs || time >= toMs) continue
      const column = Math.floor((time - fromMs) / stepMs)
      slots.push({ slot, column })
      filled[column] = (filled[column] ?? 0) + 1
    }
    for (const [id, kept] of this.#nodes) {
      const seconds: (number | null)[] = new Array(count).fill(null)
      const bytes: (number | null)[] = new Array(count).fill(null)
      const known = new Uint16Array(count)
      for (const { slot, column } of slots) {
        const s = kept.seconds[slot] ?? Number.NaN
        const b = kept.bytes[slot] ?? Number.NaN
        if (Number.isNaN(s)) continue
        known[column] = (known[column] ?? 0) + 1
        seconds[column] = Math.max(seconds[column] ?? 0, Math.round(s * 1000) / 1000)
        bytes[column] = Math.max(bytes[column] ?? 0, b)
      }
      for (let c = 0; c < count; c += 1)
        if ((known[c] ?? 0) * 2 < (filled[c] ?? 0)) {
          seconds[c] = null
          bytes[c] = null
        }
      series[id] = { seconds, bytes }
    }
    return { fromMs, toMs, stepMs, at, series, marks: this.#marks.filter((m) => m.at >= fromMs && m.at <= toMs) }
  }
}
