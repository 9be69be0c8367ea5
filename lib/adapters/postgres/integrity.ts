import type { DataCount, DataLook, Failure, IndexCheck } from '../../domain/cluster/damage-memory'
import type { DataQuestions } from '../../ports/database'
import { unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { type Ask, literal } from './survey'

const array = (values: readonly string[], type: string) => `ARRAY[${values.map(literal).join(', ')}]::${type}[]`

/** One look at catalogue and statistics: nothing of the tables is read, and no lock of the application is waited for. */
export const integrityQuery = (tables: readonly string[], known: readonly string[]): string => `SELECT
  (SELECT CASE WHEN current_setting('data_checksums') = 'on' THEN sum(checksum_failures)::float8 END FROM pg_stat_database) AS failures,
  COALESCE((SELECT json_agg(json_build_object('name', x.name, 'oid', c.oid::text, 'file', c.relfilenode::text,
      'deleted', COALESCE(s.n_tup_del, 0),
      'columns', (SELECT COALESCE(json_agg(json_build_object('number', a.attnum, 'name', a.attname) ORDER BY a.attnum), '[]')
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)))
    FROM unnest(${array(tables, 'text')}) AS x(name) JOIN pg_class c ON c.oid = to_regclass(x.name)
      LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid), '[]') AS tables,
  COALESCE((SELECT json_object_agg(oid::text, relname) FROM pg_class WHERE oid = ANY (${array(known, 'oid')})), '{}') AS names`

/** Checked for a server's answer, whose shape the query above states. */
export function toDataLook(row: Record<string, unknown> | undefined): DataLook | null {
  if (!row || !Array.isArray(row.tables)) return null
  return {
    checksumFailures: typeof row.failures === 'number' ? row.failures : null,
    tables: row.tables as DataLook['tables'],
    names: row.names as DataLook['names'],
  }
}

const mostBroken = 1000
/** Whatever a configured query calls changes nothing, and rows that are hidden from our role are an error, not fewer rows. */
const readOnly = 'SET LOCAL transaction_read_only = on; SET LOCAL lock_timeout = 500; SET LOCAL row_security = off;'
/** The heap itself is read: an index alone would not tell of a damaged page. */
const reading = `${readOnly}
SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off;`

/** The indexes of these tables in the order of their numbers; the extension may be in any schema. */
const indexQuery = (tables: readonly string[]) => `SELECT
  (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck') AS schema,
  COALESCE((SELECT json_agg(json_build_object('oid', i.indexrelid::text, 'name', i.indexrelid::regclass::text) ORDER BY i.indexrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
    WHERE a.amname = 'btree' AND i.indisvalid AND i.indisready AND c.relpersistence = 'p'
      AND i.indrelid = ANY (SELECT to_regclass(x)::oid FROM unnest(${array(tables, 'text')}) AS x)), '[]') AS indexes`

/** Checks one index against itself; it takes the lock of a reading query, and only its own pages are read. */
export async function checkIndex(ask: Ask, tables: readonly string[], after: string | null): Promise<IndexCheck> {
  const [found] = await ask(indexQuery(tables))
  if (typeof found?.schema !== 'string')
    throw new PortError('config', 'The extension amcheck is not installed in this database.', {
      outcome: 'rejected',
      probe: 'not-configured',
    })
  const indexes = (found.indexes ?? []) as { oid: string; name: string }[]
  const at = indexes.findIndex(({ name }) => name === after)
  const next = indexes[at + 1] ?? indexes[0]
  if (!next) return { of: 0, index: null, result: 'sound' }
  const of = indexes.length
  try {
    await ask(`SET LOCAL lock_timeout = 500; SELECT ${found.schema}.bt_index_check(${next.oid}::regclass)`)
    return { of, index: next.name, result: 'sound' }
  } catch (error) {
    if (!(error instanceof PortError) || error.errorClass === 'unreachable' || error.errorClass === 'timeout')
      throw error
    const { code } = error.detail
    if (code === '42501')
      throw new PortError('auth', 'Our role may not use bt_index_check.', { outcome: 'rejected', probe: 'auth' })
    return { of, index: next.name, result: { code: code ?? null, says: error.message } }
  }
}

/** Counts tables and what breaks the invariants, each within the connection's limit. Throws PortError when the server is away. */
export async function countData(ask: Ask, { tables, invariants }: DataQuestions): Promise<DataCount> {
  const result = async (sql: string): Promise<{ rows: number } | Failure> => {
    try {
      const [row] = await ask(sql)
      if (typeof row?.rows !== 'number') throw unreadableAnswer('The database', null, false)
      return { rows: row.rows }
    } catch (error) {
      if (!(error instanceof PortError) || error.errorClass === 'unreachable') throw error
      const { code } = error.detail
      return { code: code ?? null, says: error.message }
    }
  }
  const count: DataCount = { tables: [], invariants: [] }
  const found =
    tables.length === 0
      ? []
      : await ask(`SELECT x.name, to_regclass(x.name)::text AS found FROM unnest(${array(tables, 'text')}) AS x(name)`)
  for (const { name, found: table } of found as { name: string; found: string | null }[])
    count.tables.push({
      name,
      result:
        table === null
          ? { code: '42P01', says: 'There is no such table.' }
          : await result(`${reading} SELECT count(*)::float8 AS rows FROM ${table}`),
    })
  for (const { name, sql } of invariants)
    count.invariants.push({
      name,
      result: await result(`${readOnly}
SELECT count(*)::float8 AS rows FROM (SELECT FROM (
${sql}
) AS broken LIMIT ${mostBroken}) AS counted`),
    })
  return count
}
