import { quotedName } from '../text'
import type { Policy } from './policy'
import { dataColumns, type TableFacts, tableSql } from './table'

/*
 * The statements of a merge, made of the catalogue's facts alone. The screen shows them and the adapter runs them. Compared rows
 * are kept in the target's schema dr_stage: of each difference the source's row, and in a table beside it the target's.
 */

/** A table in a merge, with the place of its compared rows. */
type StagedTable = { facts: TableFacts; batch: string; place: number }

export const stageSchema = 'dr_stage'
const own = (name: string) => quotedName(`dr ${name}`)
/** Columns of ours in a table of compared rows. */
export const ownColumns: ReadonlySet<string> = new Set(
  ['key', 'kind', 'was', 'after', 'columns', 'taken'].map((name) => `dr ${name}`),
)

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
const stageTable = (name: string) => `${stageSchema}.${quotedName(name)}`
export const sourceRows = ({ batch, place }: StagedTable): string => stageTable(`${batch} ${place}`)
export const targetRows = ({ batch, place }: StagedTable): string => stageTable(`${batch} ${place} before`)

/** A row's text depends on these settings; they are the same in every session of ours. */
export const sameText = [
  "SET timezone = 'UTC'",
  "SET datestyle = 'ISO, YMD'",
  "SET intervalstyle = 'postgres'",
  'SET extra_float_digits = 1',
  "SET bytea_output = 'hex'",
  "SET client_encoding = 'UTF8'",
  'SET standard_conforming_strings = on',
  'SET search_path = pg_catalog, pg_temp',
]

const columnList = (names: readonly string[], alias = '') =>
  names.map((name) => `${alias === '' ? '' : `${alias}.`}${quotedName(name)}`).join(', ')
const namesOf = (facts: TableFacts) => dataColumns(facts).map(({ name }) => name)
export const dataList = (facts: TableFacts, alias = ''): string => columnList(namesOf(facts), alias)

/** The key of a row as one text. */
export const keyText = ({ key }: TableFacts, alias: string): string =>
  `jsonb_build_array(${key.map((name) => `${alias}.${quotedName(name)}::text`).join(', ')})::text`
/** What a row contains, compared and kept as one short text. */
export const contentHash = (facts: TableFacts, alias: string): string =>
  `md5(ROW(${namesOf(facts)
    .map((name) => `${alias}.${quotedName(name)}::text`)
    .join(', ')})::text)`
export const sameKey = ({ key }: TableFacts, a: string, b: string): string =>
  key.map((name) => `${a}.${quotedName(name)} = ${b}.${quotedName(name)}`).join(' AND ')

/** Which compared rows a policy takes: a condition on a table of compared rows. */
export function taken(policy: Policy, alias: string): string {
  const kind = `${alias}.${own('kind')}`
  switch (policy.kind) {
    case 'skip':
      return 'false'
    case 'insert-missing':
      return `${kind} = 'source'`
    case 'take-source':
      return `${kind} IN ('source', 'different')`
    case 'rows':
      return `${alias}.${own('key')} = ANY (ARRAY[${policy.keys.map(literal).join(', ')}]::text[])`
  }
}

/** One pass over the tables: rows are put in foreign-key order, and removed in the opposite order afterwards. */
type PassKind = 'put' | 'remove'

/** The target's row of each compared row, by the key of whichever side has it. */
const ofTarget = (table: StagedTable) =>
  `${tableSql(table.facts)} AS t JOIN ${sourceRows(table)} AS s ON ${sameKey(table.facts, 's', 't')}`
const put = "('source', 'different')"
const kindsOf = (pass: PassKind) => (pass === 'put' ? put : "('target')")

/** Locks the rows that a pass is to change, and counts those that are no longer as they were compared. */
export const lockRows = (table: StagedTable, policy: Policy, pass: PassKind): string =>
  `SELECT count(*) FROM (SELECT 1 FROM ${ofTarget(table)}
  WHERE s.${own('kind')} IN ${kindsOf(pass)} AND ${taken(policy, 's')} FOR UPDATE OF t) AS locked`
export const countChanged = (table: StagedTable, policy: Policy, pass: PassKind | 'any'): string =>
  `SELECT count(*)::float8 AS changed FROM ${sourceRows(table)} AS s LEFT JOIN ${tableSql(table.facts)} AS t ON ${sameKey(table.facts, 's', 't')}
WHERE ${pass === 'any' ? 'true' : `s.${own('kind')} IN ${kindsOf(pass)}`} AND ${taken(policy, 's')}
  AND s.${own('was')} IS DISTINCT FROM ${currentHash(table.facts)}`
/** Null where the target has no such row. */
const currentHash = (facts: TableFacts) =>
  `CASE WHEN t.${quotedName(facts.key[0] ?? '')} IS NOT NULL THEN ${contentHash(facts, 't')} END`

/** Triggers of the table's users do not fire for rows that they saw already. */
export const triggersOff = (facts: TableFacts): string[] =>
  facts.triggers.map(({ name }) => `ALTER TABLE ${tableSql(facts)} DISABLE TRIGGER ${quotedName(name)}`)
export const triggersOn = (facts: TableFacts): string[] =>
  facts.triggers.map(
    ({ name, enabled }) =>
      `ALTER TABLE ${tableSql(facts)} ENABLE ${enabled === 'always' ? 'ALWAYS ' : ''}TRIGGER ${quotedName(name)}`,
  )

const insertFrom = (table: StagedTable, from: string, where: string) =>
  `INSERT INTO ${tableSql(table.facts)} (${dataList(table.facts)}) OVERRIDING SYSTEM VALUE
  SELECT ${dataList(table.facts, 's')} FROM ${from} AS s WHERE ${where}`
function updateFrom(table: StagedTable, from: string, where: string): string {
  const names = namesOf(table.facts).filter(
    (name) => table.facts.columns.find((column) => column.name === name)?.identity !== 'always',
  )
  // A table of nothing but keys the server sets has no row that could differ.
  if (names.length === 0) return 'SELECT 1 WHERE false'
  return `UPDATE ${tableSql(table.facts)} AS t SET ${names.map((name) => `${quotedName(name)} = s.${quotedName(name)}`).join(', ')}
  FROM ${from} AS s WHERE ${sameKey(table.facts, 't', 's')} AND ${where}`
}
const deleteFrom = (table: StagedTable, where: string) =>
  `DELETE FROM ${tableSql(table.facts)} AS t USING ${sourceRows(table)} AS s WHERE ${sameKey(table.facts, 't', 's')} AND ${where}`

/** One statement for all tables of a group, whose references are checked at its end. Answers a count for each part. */
function together(parts: { name: string; sql: string }[]): string {
  const ctes = parts.map(({ name, sql }) => `${name} AS (\n  ${sql} RETURNING 1)`)
  const counts = parts.map(({ name }) => `(SELECT count(*)::float8 FROM ${name}) AS ${name}`)
  return `WITH ${ctes.join(',\n')}\nSELECT ${counts.join(', ')}`
}
const isUpdate = (sql: string) => !sql.startsWith('SELECT')

/** Changes the rows of a group. Parts are named `insert_n`, `update_n` and `remove_n` by the table's place in the group. */
export function mergeRows(group: { table: StagedTable; policy: Policy }[], pass: PassKind): string {
  return together(
    group
      .flatMap(({ table, policy }, n) => {
        const where = (kind: string) => `s.${own('kind')} = '${kind}' AND ${taken(policy, 's')}`
        if (pass === 'remove') return [{ name: `remove_${n}`, sql: deleteFrom(table, where('target')) }]
        return [
          { name: `update_${n}`, sql: updateFrom(table, sourceRows(table), where('different')) },
          { name: `insert_${n}`, sql: insertFrom(table, sourceRows(table), where('source')) },
        ]
      })
      .filter(({ sql }) => isUpdate(sql)),
  )
}

/** Notes what each merged row has become, by which an undo knows whether it has changed since. */
export const noteMerged = (table: StagedTable, policy: Policy, pass: PassKind): string =>
  `UPDATE ${sourceRows(table)} AS s SET ${own('taken')} = true, ${own('after')} =
  (SELECT ${contentHash(table.facts, 't')} FROM ${tableSql(table.facts)} AS t WHERE ${sameKey(table.facts, 's', 't')})
WHERE s.${own('kind')} IN ${kindsOf(pass)} AND ${taken(policy, 's')}`

export const lockMerged = (table: StagedTable, pass: PassKind): string =>
  `SELECT count(*) FROM (SELECT 1 FROM ${ofTarget(table)}
  WHERE s.${own('kind')} IN ${kindsOf(pass)} AND s.${own('taken')} FOR UPDATE OF t) AS locked`
/** Merged rows that somebody has changed since. */
export const countChangedSince = (table: StagedTable, pass: PassKind | 'any'): string =>
  `SELECT count(*)::float8 AS changed FROM ${sourceRows(table)} AS s LEFT JOIN ${tableSql(table.facts)} AS t ON ${sameKey(table.facts, 's', 't')}
WHERE ${pass === 'any' ? 'true' : `s.${own('kind')} IN ${kindsOf(pass)}`} AND s.${own('taken')}
  AND s.${own('after')} IS DISTINCT FROM ${currentHash(table.facts)}`

/** The inverse of a pass: what was inserted is deleted, and what was overwritten or deleted is put back as it was. */
export function restoreRows(group: StagedTable[], pass: PassKind): string {
  return together(
    group
      .flatMap((table, n) => {
        const merged = (kind: string) =>
          `EXISTS (SELECT 1 FROM ${sourceRows(table)} AS c WHERE c.${own('key')} = s.${own('key')} AND c.${own('taken')} AND c.${own('kind')} = '${kind}')`
        if (pass === 'remove')
          return [{ name: `insert_${n}`, sql: insertFrom(table, targetRows(table), merged('target')) }]
        return [
          { name: `update_${n}`, sql: updateFrom(table, targetRows(table), merged('different')) },
          { name: `remove_${n}`, sql: deleteFrom(table, `s.${own('kind')} = 'source' AND s.${own('taken')}`) },
        ]
      })
      .filter(({ sql }) => isUpdate(sql)),
  )
}
export const noteRestored = (table: StagedTable, pass: PassKind): string =>
  `UPDATE ${sourceRows(table)} AS s SET ${own('taken')} = false, ${own('after')} = NULL WHERE s.${own('kind')} IN ${kindsOf(pass)}`

/** Sequences are moved forward only: never below what the table holds. */
export const setSequences = ({ sequences, ...facts }: TableFacts): string[] =>
  sequences.map(({ name, column, increment }) => {
    const [end, beyond] = increment < 0 ? ['min', '<'] : ['max', '>']
    return `SELECT setval(${literal(name)}::regclass, m.v) FROM (SELECT ${end}(${quotedName(column)})::bigint AS v FROM ${tableSql(facts)}) AS m, ${name} AS q
WHERE m.v ${beyond} q.last_value OR (m.v = q.last_value AND NOT q.is_called)`
  })
