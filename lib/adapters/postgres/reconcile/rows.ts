import { to as copyTo } from 'pg-copy-streams'
import { type Difference, differences } from '../../../domain/reconcile/policy'
import { dataList, literal, sourceRows, stageSchema, targetRows } from '../../../domain/reconcile/statements'
import { dataColumns, type TableFacts } from '../../../domain/reconcile/table'
import { quotedName } from '../../../domain/text'
import { PortError } from '../../../ports/port-error'
import type { ComparedRow } from '../../../ports/reconcile'
import type { Session } from './session'
import { isStaged } from './stage'

/** Longest text of one value on a page. */
const mostText = 200
const own = (name: string) => quotedName(`dr ${name}`)
/** In which order rows are shown: rows without a key have a number in its place. */
const orderOf = ({ key }: TableFacts, alias: string) =>
  key.length === 0 ? `${alias}.${own('key')} COLLATE "C"` : key.map((name) => `${alias}.${quotedName(name)}`).join(', ')

async function find(
  session: Session,
  batch: string,
  table: string,
): Promise<{ facts: TableFacts; batch: string; place: number }> {
  const [row] = (await isStaged(session))
    ? await session.rows(
        `SELECT facts, place FROM ${stageSchema}.comparison WHERE batch = ${literal(batch)} AND "table" = ${literal(table)}`,
      )
    : []
  if (!row) throw new PortError('missing', `${table} was not compared.`, { outcome: 'rejected', probe: 'other' })
  return { facts: row.facts as TableFacts, batch, place: Number(row.place) }
}

const asObject = (facts: TableFacts, alias: string) =>
  `json_build_object(${dataColumns(facts)
    .map(({ name }) => `${literal(name)}, left(${alias}.${quotedName(name)}::text, ${mostText})`)
    .join(', ')})`

export async function readRows(
  session: Session,
  batch: string,
  table: string,
  { kind, after, limit }: { kind: Difference; after: string | null; limit: number },
): Promise<ComparedRow[]> {
  const staged = await find(session, batch, table)
  const { facts } = staged
  const key = (alias: string) => orderOf(facts, alias)
  const beyond =
    after === null
      ? ''
      : `AND (${key('s')}) > (SELECT ${key('a')} FROM ${sourceRows(staged)} AS a WHERE a.${own('key')} = ${literal(after)} LIMIT 1)`
  const rows =
    await session.rows(`SELECT s.${own('key')} AS key, s.${own('kind')} AS kind, s.${own('columns')} AS columns,
      CASE WHEN s.${own('kind')} <> 'target' THEN ${asObject(facts, 's')} END AS source,
      CASE WHEN s.${own('kind')} <> 'source' THEN ${asObject(facts, 't')} END AS target
    FROM ${sourceRows(staged)} AS s LEFT JOIN ${targetRows(staged)} AS t ON t.${own('key')} = s.${own('key')}
    WHERE s.${own('kind')} = ${literal(kind)} ${beyond} ORDER BY ${key('s')} LIMIT ${Math.floor(limit)}`)
  return rows as unknown as ComparedRow[]
}

export async function countChosen(
  session: Session,
  batch: string,
  table: string,
  keys: readonly string[],
): Promise<Record<Difference, number>> {
  const staged = await find(session, batch, table)
  const [row] = await session.rows(`SELECT ${differences
    .map((kind) => `count(*) FILTER (WHERE s.${own('kind')} = '${kind}')::float8 AS ${kind}`)
    .join(', ')}
    FROM ${sourceRows(staged)} AS s WHERE s.${own('key')} = ANY (ARRAY[${keys.map(literal).join(', ')}]::text[])`)
  return { source: Number(row?.source), target: Number(row?.target), different: Number(row?.different) }
}

/** The rows of one kind, whole, by COPY: what the target has of it, or the source where the target has none. */
export async function copyRows(
  session: Session,
  batch: string,
  table: string,
  { kind, format }: { kind: Difference; format: 'csv' | 'json' },
): Promise<AsyncIterable<Uint8Array>> {
  const staged = await find(session, batch, table)
  const { facts } = staged
  const side = kind === 'source' ? 's' : 't'
  const query = `SELECT ${dataList(facts, side)} FROM ${sourceRows(staged)} AS s LEFT JOIN ${targetRows(staged)} AS t
    ON t.${own('key')} = s.${own('key')} WHERE s.${own('kind')} = ${literal(kind)}
    ORDER BY ${orderOf(facts, 's')}`
  return session.client.query(
    copyTo(
      format === 'csv'
        ? `COPY (${query}) TO STDOUT (FORMAT csv, HEADER)`
        : // One object a line. JSON has no control characters outside of escapes, so nothing is ever quoted.
          `COPY (SELECT row_to_json(x) FROM (${query}) AS x) TO STDOUT (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')`,
    ),
  )
}
