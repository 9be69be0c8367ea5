import { canonicalJson } from '../procedure/canonical'
import { type TableFacts, tableId, tableSql } from './table'

/*
 * A table that the target has lost is created again as the source's catalogue describes it. The definition is a list of
 * statements that the source's own server wrote, so that it can be shown, approved, run and read back word for word.
 */

export type TableCreation = {
  /** Makes the empty table, and the sequences that it owns. */
  create: string[]
  /** After its rows are in: constraints, indexes, comments, triggers, policies, owner and rights. */
  finish: string[]
  /** Keys from it and to it that its rows allow. */
  foreignKeys: ForeignKey[]
  /** Where its sequences go on, as they stood in the source. */
  sequences: string[]
  /** What cannot be made again, each with its reason. */
  leftOut: string[]
}

export type ForeignKey = {
  name: string
  /** Table ids: of the table that has the key, and of the one that it leads to. */
  of: string
  to: string
  sql: string
}

/** The same definition, whatever the rows allow of its keys. */
export const definitionOf = ({ create, finish }: TableCreation): string[] => [...create, ...finish]

/** Is it the creation that was kept, with no key but those? Nothing else may be sent under its name. */
export const isPartOf = (creation: TableCreation, kept: TableCreation): boolean =>
  canonicalJson(definitionOf(creation)) === canonicalJson(definitionOf(kept)) &&
  canonicalJson(creation.sequences) === canonicalJson(kept.sequences) &&
  creation.foreignKeys.every((key) => kept.foreignKeys.some((one) => canonicalJson(one) === canonicalJson(key)))

/** Keys that lead to a table which is not created are left out, and listed. */
export function withoutKeysTo(creation: TableCreation, absent: ReadonlySet<string>): TableCreation {
  const left = creation.foreignKeys.filter(({ to }) => absent.has(to))
  if (left.length === 0) return creation
  return {
    ...creation,
    foreignKeys: creation.foreignKeys.filter(({ to }) => !absent.has(to)),
    leftOut: [...creation.leftOut, ...left.map((key) => leftOutKey(key, `${key.to} is not re-created`))],
  }
}

export const leftOutKey = ({ name, of, sql }: ForeignKey, why: string): string =>
  `Foreign key ${name} of ${of}: ${why}. ${sql};`

/** All of it, as it is shown. */
export const creationStatements = ({ create, finish, foreignKeys, sequences }: TableCreation): string[] => [
  ...create,
  ...finish,
  ...foreignKeys.map(({ sql }) => sql),
  ...sequences,
]

/** Takes back what was made: keys of other tables first, then all tables of a group together, and nothing that others made. */
export function dropMade(tables: readonly { facts: TableFacts; creation: TableCreation }[]): string[] {
  const own = new Set(tables.map(({ facts }) => tableId(facts)))
  const keys = tables.flatMap(({ creation }) => creation.foreignKeys.filter(({ of }) => !own.has(of)))
  return [
    ...keys.map(({ of, name }) => `ALTER TABLE ${of} DROP CONSTRAINT ${name}`),
    `DROP TABLE ${tables.map(({ facts }) => tableSql(facts)).join(', ')}`,
  ]
}

/** Nobody may write to what is about to be dropped. */
export const lockMade = (facts: TableFacts): string => `LOCK TABLE ${tableSql(facts)} IN ACCESS EXCLUSIVE MODE`
