/** Numbers from 0 up, the same for the same seed. Source: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** So many different whole numbers below `below`, in the order in which they are drawn. */
export function drawn(below: number, count: number, seed: number): number[] {
  const next = seeded(seed)
  const all = Array.from({ length: below }, (_, n) => n)
  return Array.from({ length: Math.min(count, below) }, () => all.splice(Math.floor(next() * all.length), 1)[0] ?? 0)
}
