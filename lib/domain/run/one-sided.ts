import { counted, plural } from '../units'

/*
 * Two databases that have both accepted writes since their histories parted hold commits that the other one does not. The
 * application numbers its commits by writer, so that what only one side holds is a range for each writer.
 */

/** The numbered commits of one writer that one database holds, from the first to the last. */
export interface NumberRange {
  writer: string
  from: number
  to: number
  commits: number
}

/** What only one of two databases holds; the greatest of its writers are listed, and the count is that of all. */
export interface SideOnly {
  /** Key of the node that was asked. */
  node: string
  commits: number
  writers: number
  listed: NumberRange[]
}

/** So many writers are kept with a run; the rows by key are in a file. */
const mostWriters = 50

/** The last number of each writer, as the other side is asked beyond it. */
export const lastNumbers = (ranges: readonly NumberRange[]): Record<string, number> =>
  Object.fromEntries(ranges.map(({ writer, to }) => [writer, to]))

export function sideOnly(node: string, ranges: readonly NumberRange[]): SideOnly {
  return {
    node,
    commits: ranges.reduce((sum, { commits }) => sum + commits, 0),
    writers: ranges.length,
    listed: ranges.toSorted((a, b) => b.commits - a.commits || (a.writer < b.writer ? -1 : 1)).slice(0, mostWriters),
  }
}

/** "api-1: 101 to 110 (10 commits)", the first writers of one side; empty when it has none. */
export function writersWords({ listed, writers }: SideOnly, most = 5): string {
  const shown = listed.slice(0, most).map(({ writer, from, to, commits }) => {
    const numbers = from === to ? String(from) : `${from} to ${to}`
    return `${writer}: ${numbers} (${counted(commits, 'commit')})`
  })
  const more = writers - shown.length
  return [...shown, ...(more > 0 ? [`and ${more} more ${plural(more, 'writer')}`] : [])].join(', ')
}
