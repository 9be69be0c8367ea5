import { shorten } from '../text'
import { type Difference, differences, type Effect, type Policy, type TableComparison, takes } from './policy'

/*
 * Compared rows by their primary keys, for the report: it outlives the copy and the comparison in the database. The values of
 * rows are not kept, and of the keys the first only; the count is always the true one.
 */

/** So many keys of each kind and table are kept and listed. */
export const mostListed = 50
/** Characters of a key that are kept. */
const mostOfKey = 120

export type ListedKeys = Record<Difference, string[]>

/** A row's key as people write it; `key` is the one text for all of its columns. */
export function keyWords(key: string): string {
  try {
    const read: unknown = JSON.parse(key)
    return shorten(Array.isArray(read) ? read.map(String).join(', ') : key, mostOfKey)
  } catch {
    return shorten(key, mostOfKey)
  }
}

export const countOf = (kind: Difference, { onlySource, onlyTarget, different }: TableComparison): number =>
  ({ source: onlySource, target: onlyTarget, different })[kind]

const mergedOf = (kind: Difference, { insert, update, remove }: Effect): number =>
  ({ source: insert, target: remove, different: update })[kind]

export interface ListedRows {
  kind: Difference
  count: number
  /** Of them, rows that were merged into the database. */
  merged: number
  /** The first of them; null where the run kept none. */
  keys: { key: string; merged: boolean }[] | null
}

/** The rows of a table that are not the same in both, by kind, with what became of them. Kinds without rows are left out. */
export const listedRows = (
  compared: TableComparison & { keys?: ListedKeys },
  made: { policy: Policy; effect: Effect } | null,
): ListedRows[] =>
  differences.flatMap((kind) => {
    const count = countOf(kind, compared)
    if (count === 0) return []
    const keys = compared.keys?.[kind].slice(0, mostListed)
    return [
      {
        kind,
        count,
        merged: made ? mergedOf(kind, made.effect) : 0,
        keys:
          keys?.map((key) => ({ key: keyWords(key), merged: made ? takes(made.policy, kind, key) : false })) ?? null,
      },
    ]
  })

const kindWords: Record<Difference, string> = {
  source: 'only in the copy',
  target: 'only in the database',
  different: 'different',
}
const doneWords: Record<Difference, string> = {
  source: 'inserted',
  target: 'deleted',
  different: 'overwritten',
}

/** "60 only in the copy: 40 inserted, 20 left as they are" */
export function listedWords({ kind, count, merged }: ListedRows): string {
  const left = count - merged
  const parts = [
    merged > 0 && `${merged} ${doneWords[kind]}`,
    left > 0 && `${left} left as ${left === 1 ? 'it is' : 'they are'}`,
  ]
  return `${count} ${kindWords[kind]}: ${parts.filter((part) => part !== false).join(', ')}`
}

/** How many rows stand behind the listed ones. */
export const unlisted = ({ count, keys }: ListedRows): number => count - (keys?.length ?? 0)
