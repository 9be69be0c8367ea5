import { quotedName } from '../text'

/*
 * A table as the catalogue describes it, as far as comparing and merging its rows depends on it. The source has the rows that
 * are merged, the target receives them.
 */

export type TableFacts = {
  schema: string
  name: string
  columns: ColumnFacts[]
  /** Columns of the primary key, in its order; none without one. */
  key: string[]
  references: { constraint: string; to: string }[]
  /** Triggers of the table's users that fire on ordinary writes, and how they are enabled. */
  triggers: { name: string; enabled: 'origin' | 'always' }[]
  /** Sequences that fill a column. `name` is ready for SQL. */
  sequences: { name: string; column: string; increment: number }[]
}

type ColumnFacts = {
  name: string
  /** As PostgreSQL writes it, with its modifier. */
  type: string
  /** The server computes it: it is neither compared nor written. */
  generated: boolean
  identity: 'always' | 'by-default' | null
}

const plainName = /^[a-z_][a-z0-9_$]*$/
const readable = (name: string) => (plainName.test(name) ? name : quotedName(name))

/** A table's name as people read it, and by which policies and results are kept: unique in its database. */
export const tableId = ({ schema, name }: Pick<TableFacts, 'schema' | 'name'>): string =>
  `${readable(schema)}.${readable(name)}`

/** The same for SQL. */
export const tableSql = ({ schema, name }: Pick<TableFacts, 'schema' | 'name'>): string =>
  `${quotedName(schema)}.${quotedName(name)}`

/** Columns that are compared and written. */
export const dataColumns = ({ columns }: Pick<TableFacts, 'columns'>): ColumnFacts[] =>
  columns.filter((column) => !column.generated)
