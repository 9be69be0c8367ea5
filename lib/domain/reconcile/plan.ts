import { ownColumns } from './statements'
import { dataColumns, type TableFacts, tableId } from './table'

/** Which tables can be compared and merged, in which order, and why the others cannot. */
export interface TablePlan {
  /**
   * In foreign-key order: what is referenced comes first. Tables that reference each other in a circle are one group, which is
   * merged by one statement, because the server checks references when a statement ends.
   */
  groups: TableFacts[][]
  /** Of these, which the target has lost: they are created again as the source describes them. */
  dropped: string[]
  refused: { table: string; why: string }[]
}

const same = <T>(a: readonly T[], b: readonly T[]) => JSON.stringify(a) === JSON.stringify(b)

/** Rows are told apart by their key alone. */
export const noKey = 'It has no primary key, so its rows cannot be told apart.'

/** How a table stands to others, as its catalogue says. */
export type TableShape = {
  /** The table that it is a partition of; null when it is none. */
  whole: string | null
  /** From a table that is not partitioned, or one from it. */
  inherits: boolean
  keyed: boolean
}

/** Why rows of such a table cannot be compared by its name; null when they can. `wholeThere`: the target has the table that it is a part of. */
export function shapeRefusal({ whole, inherits }: TableShape, wholeThere: boolean): string | null {
  if (whole !== null)
    return wholeThere
      ? `It is a partition of ${whole}, which the target has. Create the partition there, then merge that table.`
      : `It is a partition of ${whole}. Enter that table.`
  return inherits ? 'It inherits from another table, or another one from it.' : null
}

/** Why the rows of this table cannot be merged; null when they can. */
function refusal(
  source: TableFacts | undefined,
  target: TableFacts | undefined,
  ofShape: string | null,
): string | null {
  if (ofShape !== null) return ofShape
  if (!source) return 'The source has no such table.'
  const own = source.columns.find(({ name }) => ownColumns.has(name))
  if (own) return `Its column ${own.name} has a name that the comparison uses itself.`
  if (source.columns.some(({ name, generated }) => generated && source.key.includes(name)))
    return 'The server computes a column of its primary key.'
  // All rows of a table that the target has lost are missing: none has to be told from another.
  if (!target) return null
  if (source.key.length === 0) return noKey
  if (!same(source.key, target.key)) return 'Its primary key is not the same in both databases.'
  const shape = (table: TableFacts) =>
    dataColumns(table)
      .map(({ name, type }) => ({ name, type }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  if (!same(shape(source), shape(target))) return 'Its columns are not the same in both databases.'
  const fixed = target.columns.find(({ name, identity }) => identity === 'always' && !target.key.includes(name))
  if (fixed) return `The server sets its column ${fixed.name} and allows no update of it.`
  return null
}

/**
 * Plans by the two catalogues. `wanted` are table ids; their order does not matter. `ofShape` are reasons against some of them.
 */
export function planTables(
  source: TableFacts[],
  target: TableFacts[],
  wanted: readonly string[],
  ofShape: ReadonlyMap<string, string> = new Map(),
): TablePlan {
  const [inSource, inTarget] = [source, target].map((tables) => new Map(tables.map((table) => [tableId(table), table])))
  const refused: TablePlan['refused'] = []
  const fit = new Map<string, TableFacts>()
  const dropped: string[] = []
  for (const table of [...new Set(wanted)].sort()) {
    const [of, found] = [inSource?.get(table), inTarget?.get(table)]
    const why = refusal(of, found, ofShape.get(table) ?? null)
    const facts = found ?? of
    if (why !== null) refused.push({ table, why })
    else if (facts) fit.set(table, facts)
    if (why === null && !found) dropped.push(table)
  }
  return { groups: inOrder(fit), dropped, refused }
}

/** Strongly connected components, those that are referenced first (Tarjan, "Depth-first search and linear graph algorithms"). */
function inOrder(tables: ReadonlyMap<string, TableFacts>): TableFacts[][] {
  const groups: TableFacts[][] = []
  const seen = new Map<string, { index: number; low: number; open: boolean }>()
  const stack: TableFacts[] = []
  const visit = (table: TableFacts) => {
    const node = { index: seen.size, low: seen.size, open: true }
    seen.set(tableId(table), node)
    stack.push(table)
    for (const { to } of table.references) {
      const next = tables.get(to)
      if (!next) continue
      const known = seen.get(to)
      if (!known) node.low = Math.min(node.low, visit(next).low)
      else if (known.open) node.low = Math.min(node.low, known.index)
    }
    if (node.low === node.index) {
      const group = stack.splice(stack.indexOf(table))
      for (const one of group) {
        const member = seen.get(tableId(one))
        if (member) member.open = false
      }
      groups.push(group.sort((a, b) => (tableId(a) < tableId(b) ? -1 : 1)))
    }
    return node
  }
  for (const table of tables.values()) if (!seen.has(tableId(table))) visit(table)
  return groups
}
