import { digestOf } from '../procedure/canonical'
import { plural } from '../units'
import type { TableCreation } from './creation'
import { changesNothing, type Effect, formatEffect, type Policy, type TableComparison } from './policy'
import type { TableFacts } from './table'

/** One table of a merge as it is shown, approved and sent. */
export type MergeTable = {
  table: string
  facts: TableFacts
  /** Where its compared rows are. */
  place: number
  policy: Policy
  triggers: 'on' | 'off'
  effect: Effect
  /** Of its compared rows. */
  compared: string
  /** What makes the table again that the target has lost; null where it has it. */
  creation: TableCreation | null
}

/** Is the table made again by this merge? */
export const creates = ({ creation, policy }: Pick<MergeTable, 'creation' | 'policy'>): boolean =>
  creation !== null && policy.kind !== 'skip'

export type MergePass = { pass: 'put' | 'remove'; tables: MergeTable[] }

/** What one table contributes to the passes. A pass without anything to do is left out. */
export function passesOf(groups: MergeTable[][]): MergePass[] {
  const pass = (kind: MergePass['pass'], group: MergeTable[]): MergePass[] => {
    const tables = group.filter((one) =>
      kind === 'put' ? one.effect.insert + one.effect.update > 0 || creates(one) : one.effect.remove > 0,
    )
    return tables.length > 0 ? [{ pass: kind, tables }] : []
  }
  return [
    ...groups.flatMap((group) => pass('put', group)),
    ...[...groups].reverse().flatMap((group) => pass('remove', group)),
  ]
}

/** By which a merge of one table is known once it is done: the same rows by the same policy, in the same table. */
export const mergeDigest = ({ table, policy, triggers, compared, creation }: MergeTable): string =>
  digestOf({ table, policy, triggers, compared, ...(creation && { creation }) })

/** By which a whole comparison is known. */
export const comparisonDigest = (tables: readonly TableComparison[]): string =>
  digestOf([...tables].sort((a, b) => (a.table < b.table ? -1 : 1)))

export const totalOf = (tables: readonly Pick<MergeTable, 'effect'>[]): Effect =>
  tables.reduce(
    (sum, { effect }) => ({
      insert: sum.insert + effect.insert,
      update: sum.update + effect.update,
      remove: sum.remove + effect.remove,
    }),
    { insert: 0, update: 0, remove: 0 },
  )

/** "1 table re-created, 40 inserted" */
export function formatMerge(tables: readonly Pick<MergeTable, 'effect' | 'creation' | 'policy'>[]): string {
  const made = tables.filter(creates).length
  const total = totalOf(tables)
  const words = made > 0 ? [`${made} ${plural(made, 'table')} re-created`] : []
  return [...words, ...(made > 0 && changesNothing(total) ? [] : [formatEffect(total)])].join(', ')
}

/** Each table of the passes once. */
export const mergedTables = (passes: readonly MergePass[]): MergeTable[] => [
  ...new Map(passes.flatMap(({ tables }) => tables.map((table) => [table.table, table]))).values(),
]
