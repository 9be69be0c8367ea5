import { counted } from '../units'

/*
 * Two databases that have both accepted writes since their histories parted hold commits that the other one does not. The
 * application numbers its commits by writer, so that what only one side holds is a range for each writer.
 */

/** Numbered commits of one writer that one database holds: every number from the first to the last. */
export interface NumberRange {
  writer: string
  from: number
  to: number
}

/** What only one of two databases holds; the longest of its ranges are listed, and the count is that of all. */
export interface SideOnly {
  /** Key of the node that was asked. */
  node: string
  commits: number
  writers: number
  listed: NumberRange[]
}

/** So many ranges are kept with a run; the rows by key are in a file. */
const mostRanges = 50

/** The last number of each writer. */
export function lastNumbers(ranges: readonly NumberRange[]): Record<string, number> {
  const last: Record<string, number> = {}
  for (const { writer, to } of ranges) last[writer] = Math.max(last[writer] ?? to, to)
  return last
}

const commitsOf = ({ from, to }: NumberRange): number => to - from + 1

/**
 * Numbers of `held` that `other` does not have. A writer may have gone on at the other side with the numbers that follow, so a last
 * number says nothing: each run is taken from each.
 */
export function without(held: readonly NumberRange[], other: readonly NumberRange[]): NumberRange[] {
  const others = new Map<string, NumberRange[]>()
  for (const range of other) others.set(range.writer, [...(others.get(range.writer) ?? []), range])
  return held.flatMap((range) => {
    let left = [range]
    for (const taken of others.get(range.writer) ?? [])
      left = left.flatMap(({ writer, from, to }) =>
        [
          { writer, from, to: Math.min(to, taken.from - 1) },
          { writer, from: Math.max(from, taken.to + 1), to },
        ].filter((one) => one.from <= one.to),
      )
    return left
  })
}

export function sideOnly(node: string, ranges: readonly NumberRange[]): SideOnly {
  return {
    node,
    commits: ranges.reduce((sum, range) => sum + commitsOf(range), 0),
    writers: new Set(ranges.map(({ writer }) => writer)).size,
    listed: ranges
      .toSorted((a, b) => commitsOf(b) - commitsOf(a) || (a.writer < b.writer ? -1 : 1))
      .slice(0, mostRanges),
  }
}

/** "api-1: 101 to 110 (10 commits)", the longest ranges of one side; empty when it has none. */
export function writersWords({ listed, commits }: SideOnly, most = 5): string {
  const shown = listed.slice(0, most)
  const words = shown.map((range) => {
    const { writer, from, to } = range
    const numbers = from === to ? String(from) : `${from} to ${to}`
    return `${writer}: ${numbers} (${counted(commitsOf(range), 'commit')})`
  })
  const more = shown.reduce((rest, range) => rest - commitsOf(range), commits)
  return [...words, ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}
