import { type Difference, differences, type Policy, type TableComparison, takes } from '../policy'

/** Rows of a table by key; what a merge of two means, without a database. Tests compare the real one with it. */
type Rows = ReadonlyMap<string, string>

export function differencesOf(source: Rows, target: Rows): { key: string; kind: Difference }[] {
  return [...new Set([...source.keys(), ...target.keys()])]
    .sort()
    .flatMap((key): { key: string; kind: Difference }[] => {
      if (!target.has(key)) return [{ key, kind: 'source' }]
      if (!source.has(key)) return [{ key, kind: 'target' }]
      return source.get(key) === target.get(key) ? [] : [{ key, kind: 'different' }]
    })
}

export function compared(source: Rows, target: Rows): Omit<TableComparison, 'table' | 'digest'> {
  const found = differencesOf(source, target)
  const [onlySource, onlyTarget, different] = differences.map((kind) => found.filter((one) => one.kind === kind).length)
  return {
    onlySource: onlySource ?? 0,
    onlyTarget: onlyTarget ?? 0,
    different: different ?? 0,
    same: target.size - (onlyTarget ?? 0) - (different ?? 0),
  }
}

/** The target after a merge, and what undoes it: the row before it by each key, null where there was none. */
export function merged(
  source: Rows,
  target: Rows,
  policy: Policy,
): { rows: Rows; inverse: Map<string, string | null> } {
  const rows = new Map(target)
  const inverse = new Map<string, string | null>()
  for (const { key, kind } of differencesOf(source, target)) {
    if (!takes(policy, kind, key)) continue
    inverse.set(key, target.get(key) ?? null)
    const row = source.get(key)
    if (row === undefined) rows.delete(key)
    else rows.set(key, row)
  }
  return { rows, inverse }
}

export function undone(rows: Rows, inverse: ReadonlyMap<string, string | null>): Rows {
  const back = new Map(rows)
  for (const [key, row] of inverse)
    if (row === null) back.delete(key)
    else back.set(key, row)
  return back
}
