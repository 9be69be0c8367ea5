import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import type { TableCreation } from '../../../domain/reconcile/creation'
import {
  contentHash,
  dataList,
  keyText,
  literal,
  sameKey,
  sourceRows,
  stageSchema,
  targetRows,
} from '../../../domain/reconcile/statements'
import { dataColumns, isKeyless, type TableFacts, tableId, tableSql } from '../../../domain/reconcile/table'
import { quotedName } from '../../../domain/text'
import { fromPostgresError } from '../errors'
import { readForeignKeys, readLeftOut, rehearse } from './definition'
import type { Session } from './session'
import { batchLock, createStage, readCompared } from './stage'

/** Longest wait for a lock that somebody else has on a table. */
export const lockMs = 10_000

/**
 * Rows are put into buckets by their keys, and each bucket has a count and a sum on both sides. Only the rows of buckets that
 * differ are copied from the source; nothing depends on how either server sorts text.
 */
const bucket = (table: TableFacts, alias: string) => `('x' || left(md5(${keyText(table, alias)}), 4))::bit(16)::int`
const bucketsQuery = (table: TableFacts) => `SELECT ${bucket(table, 't')} AS b, count(*)::text || ' '
    || sum(('x' || left(${contentHash(table, 't')}, 15))::bit(60)::bigint)::text AS s, count(*)::float8 AS n
  FROM ${tableSql(table)} AS t GROUP BY 1`

async function bucketsOf(session: Session, table: TableFacts): Promise<{ sums: Map<number, string>; rows: number }> {
  const sums = new Map<number, string>()
  let rows = 0
  for (const row of await session.rows(bucketsQuery(table))) {
    sums.set(Number(row.b), String(row.s))
    rows += Number(row.n)
  }
  return { sums, rows }
}

/** The differing rows of one table, in the same transaction as the note that it was compared. `dropped` the target has lost. */
async function compareTable(
  source: Session,
  target: Session,
  facts: TableFacts,
  batch: string,
  place: number,
  dropped: ReadonlySet<string>,
): Promise<void> {
  const staged = { facts, batch, place }
  // A lost table is made for the length of this transaction, so that it is compared as every other, and nobody sees it.
  const rehearsed = dropped.has(tableId(facts)) ? await rehearse(source, target, facts) : null
  const [rows, before] = [sourceRows(staged), targetRows(staged)]
  const incoming = `${stageSchema}.${quotedName(`${batch} ${place} in`)}`
  const [inSource, inTarget] = await Promise.all([bucketsOf(source, facts), bucketsOf(target, facts)])
  const differing = [...new Set([...inSource.sums.keys(), ...inTarget.sums.keys()])].filter(
    (one) => inSource.sums.get(one) !== inTarget.sums.get(one),
  )
  const within = (alias: string) => `${bucket(facts, alias)} = ANY ('{${differing.join(',')}}'::int[])`
  const own = (name: string) => quotedName(`dr ${name}`)
  const firstKey = quotedName(facts.key[0] ?? '')
  const select = `SELECT ${dataList(facts, 't')} FROM ${tableSql(facts)} AS t`

  await target.run([
    `CREATE TABLE ${incoming} AS ${select} WITH NO DATA`,
    `CREATE TABLE ${rows} AS SELECT NULL::text AS ${own('key')}, NULL::text AS ${own('kind')}, NULL::text AS ${own('was')},
      NULL::text AS ${own('after')}, NULL::text[] AS ${own('columns')}, false AS ${own('taken')}, ${dataList(facts, 't')}
      FROM ${tableSql(facts)} AS t WITH NO DATA`,
  ])
  try {
    await pipeline(
      source.client.query(copyTo(`COPY (${select} WHERE ${within('t')}) TO STDOUT`)),
      target.client.query(copyFrom(`COPY ${incoming} FROM STDIN`)),
    )
  } catch (error) {
    throw fromPostgresError(error, `${source.who} or ${target.who}`, true)
  }
  const changed = dataColumns(facts).map(
    ({ name }) =>
      `CASE WHEN (s.${quotedName(name)}::text COLLATE "C") IS DISTINCT FROM (t.${quotedName(name)}::text COLLATE "C") THEN ${literal(name)} END`,
  )
  const values = dataColumns(facts).map(({ name }) =>
    facts.key.includes(name) ? `COALESCE(s.${quotedName(name)}, t.${quotedName(name)})` : `s.${quotedName(name)}`,
  )
  const keys = facts.key.map(quotedName).join(', ')
  const keyed = [
    `INSERT INTO ${rows} SELECT CASE WHEN s.${firstKey} IS NULL THEN ${keyText(facts, 't')} ELSE ${keyText(facts, 's')} END,
      CASE WHEN s.${firstKey} IS NULL THEN 'target' WHEN t.${firstKey} IS NULL THEN 'source' ELSE 'different' END,
      CASE WHEN t.${firstKey} IS NOT NULL THEN ${contentHash(facts, 't')} END, NULL,
      CASE WHEN s.${firstKey} IS NULL OR t.${firstKey} IS NULL THEN '{}' ELSE array_remove(ARRAY[${changed.join(', ')}]::text[], NULL) END,
      false, ${values.join(', ')}
      FROM ${incoming} AS s FULL JOIN (${select} WHERE ${within('t')}) AS t ON ${sameKey(facts, 's', 't')}
      WHERE s.${firstKey} IS NULL OR t.${firstKey} IS NULL OR ${contentHash(facts, 's')} <> ${contentHash(facts, 't')}`,
    `CREATE INDEX ON ${rows} (${own('kind')}, ${keys})`,
    `CREATE TABLE ${before} AS SELECT s.${own('key')}, ${dataList(facts, 't')} FROM ${tableSql(facts)} AS t
      JOIN ${rows} AS s ON ${sameKey(facts, 's', 't')} WHERE s.${own('kind')} <> 'source'`,
  ]
  // The target has no row of it; equal rows are as many as they were, and each gets a number in place of a key.
  const keyless = [
    `INSERT INTO ${rows} SELECT jsonb_build_array(lpad((row_number() OVER (ORDER BY ${contentHash(facts, 's')} COLLATE "C"))::text, 12, '0'))::text,
      'source', NULL, NULL, '{}', false, ${dataList(facts, 's')} FROM ${incoming} AS s`,
    `CREATE TABLE ${before} AS SELECT NULL::text AS ${own('key')}, ${dataList(facts, 't')} FROM ${tableSql(facts)} AS t WITH NO DATA`,
  ]
  await target.run([
    ...(isKeyless(facts) ? keyless : keyed),
    `DROP TABLE ${incoming}`,
    `CREATE INDEX ON ${rows} USING hash (${own('key')})`,
    `CREATE INDEX ON ${before} USING hash (${own('key')})`,
    `ANALYZE ${rows}`,
    `ANALYZE ${before}`,
  ])
  const counts = await target.rows(`SELECT count(*) FILTER (WHERE ${own('kind')} = 'source')::float8 AS source,
    count(*) FILTER (WHERE ${own('kind')} = 'target')::float8 AS target,
    count(*) FILTER (WHERE ${own('kind')} = 'different')::float8 AS different FROM ${rows}`)
  const [count] = counts
  const [onlySource, onlyTarget, different] = [count?.source, count?.target, count?.different].map(Number)
  const same = inTarget.rows - (onlyTarget ?? 0) - (different ?? 0)
  const digest = await digestOfRows(
    target,
    `COPY (SELECT ${own('key')}, ${own('kind')}, COALESCE(${own('was')}, ''), ${contentHash(facts, 's')}
    FROM ${rows} AS s ORDER BY ${own('key')} COLLATE "C") TO STDOUT`,
  )
  let creation: TableCreation | null = null
  if (rehearsed) {
    await target.run([`DROP TABLE ${tableSql(facts)}`])
    const keys = await readForeignKeys(source, target, facts, rows, dropped)
    creation = { ...rehearsed, ...keys, leftOut: [...keys.leftOut, ...(await readLeftOut(source, target, facts))] }
  }
  await target.run([
    `INSERT INTO ${stageSchema}.comparison (batch, "table", place, facts, only_source, only_target, different, same, digest, creation)
      VALUES (${literal(batch)}, ${literal(tableId(facts))}, ${place}, ${literal(JSON.stringify(facts))}::jsonb,
        ${onlySource}, ${onlyTarget}, ${different}, ${same}, ${literal(digest)},
        ${creation ? `${literal(JSON.stringify(creation))}::jsonb` : 'NULL'})`,
  ])
}

/** Every differing row counts into the digest, streamed: the memory that it takes does not grow with them. */
async function digestOfRows(session: Session, copy: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of session.client.query(copyTo(copy))) hash.update(chunk as Uint8Array)
  } catch (error) {
    throw fromPostgresError(error, session.who, true)
  }
  return hash.digest('hex')
}

/** Compares tables that were not compared yet, each in a transaction of its own, all with one picture of the source. */
export async function compareTables(
  source: Session,
  target: Session,
  groups: TableFacts[][],
  dropped: ReadonlySet<string>,
  batch: string,
  mayGoOn: () => void,
): Promise<{ tables: number; rows: number }> {
  mayGoOn()
  await target.run(['BEGIN', batchLock(literal('schema')), ...createStage, 'COMMIT'])
  await source.run(['BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'])
  for (const [place, facts] of groups.flat().entries()) {
    mayGoOn()
    await target.run(['BEGIN ISOLATION LEVEL REPEATABLE READ', `SET LOCAL lock_timeout = ${lockMs}`])
    try {
      await target.run([batchLock(literal(batch))])
      const known = await readCompared(target, literal(batch))
      if (!known.some(({ table }) => table === tableId(facts)))
        await compareTable(source, target, facts, batch, place, dropped)
      mayGoOn()
    } catch (error) {
      await target.run(['ROLLBACK']).catch(() => {})
      throw error
    }
    await target.run(['COMMIT'])
  }
  await source.run(['COMMIT'])
  const all = await readCompared(target, literal(batch))
  return {
    tables: all.length,
    rows: all.reduce((sum, one) => sum + one.onlySource + one.onlyTarget + one.different, 0),
  }
}
