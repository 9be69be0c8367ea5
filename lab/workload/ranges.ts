/** A run of consecutive numbers, both ends included. Acknowledged numbers are nearly always consecutive. */
export type Range = [from: number, to: number]

/** Adds a number to ranges that are sorted and apart; numbers come in rising order. */
export function addNumber(ranges: Range[], n: number): void {
  const last = ranges[ranges.length - 1]
  if (last && n === last[1] + 1) last[1] = n
  else if (!last || n > last[1]) ranges.push([n, n])
}

export function countNumbers(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0)
}

/** Numbers of `a` that are not in `b`; both sorted and apart. */
export function withoutNumbers(a: readonly Range[], b: readonly Range[]): Range[] {
  const left: Range[] = []
  let index = 0
  for (const [from, to] of a) {
    let at = from
    while (index < b.length && (b[index]?.[1] ?? 0) < at) index += 1
    for (let k = index; k < b.length && at <= to; k++) {
      const [start, end] = b[k] as Range
      if (start > to) break
      if (start > at) left.push([at, start - 1])
      at = Math.max(at, end + 1)
    }
    if (at <= to) left.push([at, to])
  }
  return left
}
