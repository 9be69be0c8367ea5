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

/** Why the rows of this table cannot be merged; null when they can. */
function refusal(source: TableFacts | undefined, target: TableFacts | undefined): string | null {
  if (!source) return 'The source has no such table.'
  if (source.key.length === 0) return 'It has no primary key, so its rows cannot be told apart.'
  const own = source.columns.find(({ name }) => ownColumns.has(name))
  if (own) return `Its column ${own.name} has a name that the comparison uses itself.`
  if (source.columns.some(({ name, generated }) => generated && source.key.includes(name)))
    return 'The server computes a column of its primary key.'
  if (!target) return null
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

/** Plans by the two catalogues. `wanted` are table ids; their order does not matter. */
export function planTables(source: TableFacts[], target: TableFacts[], wanted: readonly string[]): TablePlan {
  const [inSource, inTarget] = [source, target].map((tables) => new Map(tables.map((table) => [tableId(table), table])))
  const refused: TablePlan['refused'] = []
  const fit = new Map<string, TableFacts>()
  const dropped: string[] = []
  for (const table of [...new Set(wanted)].sort()) {
    const [of, found] = [inSource?.get(table), inTarget?.get(table)]
    const why = refusal(of, found)
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
