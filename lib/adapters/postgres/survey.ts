import type {
  Answered,
  Gap,
  SequenceFact,
  SlotFact,
  Survey,
  SurveyRequest,
  TableCount,
} from '../../domain/cluster/survey'
import { unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'

type Row = Record<string, unknown>
/** Runs one statement and answers its rows. Throws PortError. */
export type Ask = (sql: string) => Promise<Row[]>

export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
/** A name as people write it: without the schema where that is `public`. */
const named = (schema: string, name: string) =>
  `CASE WHEN ${schema} = 'public' THEN quote_ident(${name}) ELSE format('%I.%I', ${schema}, ${name}) END`
const ours = `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'`
const list = (query: string) => `COALESCE((SELECT json_agg(x) FROM (${query}) x), '[]')`

const catalogueQuery = `SELECT pg_is_in_recovery() AS standby,
  (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at,
  ${list(`SELECT ${named('n.nspname', 'c.relname')} AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence = 'u' AND ${ours} ORDER BY 1`)} AS unlogged,
  ${list(`SELECT extname AS name, extversion AS version FROM pg_extension ORDER BY 1`)} AS extensions,
  ${list(`SELECT ${named('n.nspname', 'c.relname')} AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND ${ours} ORDER BY 1`)} AS invalid_indexes,
  ${list(`SELECT datname AS name FROM pg_database
    WHERE datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid) AND datallowconn ORDER BY 1`)} AS collation_drift,
  ${list(`SELECT gid, extract(epoch FROM clock_timestamp() - prepared)::float8 AS "ageSeconds"
    FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared`)} AS prepared,
  ${list(`SELECT slot_name AS name, slot_type AS kind, plugin, active, wal_status AS "walStatus"
    FROM pg_replication_slots WHERE NOT temporary ORDER BY 1`)} AS slots,
  ${list(`SELECT c.oid::regclass::text AS name, t.oid::regclass::text AS "table", quote_ident(a.attname) AS "column",
      has_sequence_privilege(c.oid, 'SELECT') AND has_column_privilege(t.oid, a.attnum, 'SELECT') AS readable
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      JOIN pg_class t ON t.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
    WHERE c.relkind = 'S' AND ${ours} ORDER BY 1`)} AS sequences`

/** Each table by the server's own name for it, with its key when that is one whole number. */
const tablesQuery = (tables: string[]) => `SELECT x.name, to_regclass(x.name)::text AS found, k.column AS key,
  COALESCE(has_table_privilege(to_regclass(x.name), 'SELECT'), false) AS readable,
  COALESCE(row_security_active(to_regclass(x.name)), false) AS hides
FROM unnest(ARRAY[${tables.map(literal).join(', ')}]::text[]) WITH ORDINALITY AS x(name, ord)
  LEFT JOIN LATERAL (SELECT quote_ident(a.attname) AS column FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = to_regclass(x.name) AND i.indisprimary AND i.indnkeyatts = 1
      AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)) k ON true
ORDER BY x.ord`

/** A row's text depends on these settings; they must be the same wherever a checksum is made. */
const sameText = `SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres';
SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex';`

/** Sums are in no order: the same rows give the same checksum on every copy. */
function countQuery(table: string, key: string | null, upTo: string | null | undefined): string {
  const bound = key === null ? null : upTo === undefined ? `(SELECT max(${key}) FROM ${table})` : upTo
  const within = bound === null ? 'true' : `${key} <= ${bound}`
  return `${sameText} SELECT count(*)::float8 AS rows, count(*) FILTER (WHERE ${within})::float8 AS within,
  COALESCE(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint) FILTER (WHERE ${within}), 0)::text AS checksum,
  ${bound === null ? 'NULL' : bound}::text AS up_to FROM ${table} AS t`
}

const namesIn = (value: unknown): string[] => (value as { name: string }[]).map(({ name }) => name)
const why = (error: unknown): string => {
  if (error instanceof PortError) return error.message
  throw error
}

/**
 * Counts and lists everything that a recovery is compared by. What cannot be read becomes a gap; throws PortError only
 * when the database itself does not answer.
 */
export async function takeSurvey(ask: Ask, request: SurveyRequest): Promise<Survey> {
  const gaps: Gap[] = []
  const begun = performance.now()
  const late = () => request.withinMs !== undefined && performance.now() - begun > request.withinMs
  const [c] = await ask(catalogueQuery)
  if (!c) throw unreadableAnswer('The database', null, false)
  const tables: TableCount[] = []
  const wanted = request.tables.length > 0 ? await ask(tablesQuery(request.tables)) : []
  for (const { name, found, key, readable, hides } of wanted as {
    name: string
    found: string | null
    key: string | null
    readable: boolean
    hides: boolean
  }[]) {
    if (found === null) gaps.push({ what: name, why: 'there is no such table.' })
    else if (!readable) gaps.push({ what: name, why: 'our role may not read it.' })
    else if (hides) gaps.push({ what: name, why: 'row security hides rows from our role.' })
    else if (late()) gaps.push({ what: name, why: 'the time given for counting was used up before it.' })
    else
      try {
        const asked = request.upTo?.[name]
        const bound = asked !== undefined && asked !== null && !/^-?\d+$/.test(asked) ? null : asked
        const [row] = await ask(countQuery(found, bound === null ? null : key, bound))
        if (!row) throw unreadableAnswer('The database', null, false)
        tables.push({
          table: name,
          rows: Number(row.rows),
          within: Number(row.within),
          checksum: String(row.checksum),
          upTo: row.up_to as string | null,
        })
      } catch (error) {
        gaps.push({ what: name, why: why(error) })
      }
  }
  return {
    at: Number(c.at),
    standby: c.standby === true,
    tables,
    sequences: request.catalogueOnly ? [] : await sequences(ask, c.sequences as OwnedSequence[], gaps),
    slots: c.slots as SlotFact[],
    unlogged: namesIn(c.unlogged),
    extensions: c.extensions as Survey['extensions'],
    invalidIndexes: namesIn(c.invalid_indexes),
    collationDrift: namesIn(c.collation_drift),
    prepared: c.prepared as Survey['prepared'],
    indexes: request.indexes ? await throughIndexes(ask, request.tables, gaps) : null,
    ...(request.queries && { answers: await answersTo(ask, request.queries, gaps) }),
    ...(request.orphans && { orphans: await orphansOf(ask, request.tables, gaps) }),
    gaps,
  }
}

/**
 * Each query in a transaction of its own that may not write, and in which rows hidden from our role are an error instead of
 * fewer rows; one that fails becomes a gap.
 */
async function answersTo(ask: Ask, queries: { name: string; sql: string }[], gaps: Gap[]): Promise<Answered[]> {
  const answers: Answered[] = []
  for (const { name, sql } of queries)
    try {
      const [row] = await ask(`SET LOCAL transaction_read_only = on; SET LOCAL row_security = off; ${sql}`)
      const value = row && Object.values(row)[0]
      answers.push({ name, value: value === undefined || value === null ? null : String(value) })
    } catch (error) {
      gaps.push({ what: name, why: why(error) })
    }
  return answers
}

/** Foreign keys of the tables, by the catalogue: damage to the storage leaves rows that no constraint would let in. */
async function orphansOf(ask: Ask, tables: string[], gaps: Gap[]): Promise<NonNullable<Survey['orphans']>> {
  if (tables.length === 0) return []
  const keys = await ask(
    `SELECT k.conname AS name, k.conrelid::regclass::text AS "table", k.confrelid::regclass::text AS parent,
      (SELECT string_agg(format('p.%I = c.%I', pa.attname, ca.attname), ' AND ' ORDER BY x.n)
        FROM unnest(k.conkey, k.confkey) WITH ORDINALITY AS x(child, parent, n)
          JOIN pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = x.child
          JOIN pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = x.parent) AS matches,
      (SELECT string_agg(format('c.%I IS NOT NULL', ca.attname), ' AND ' ORDER BY x.n)
        FROM unnest(k.conkey) WITH ORDINALITY AS x(child, n)
          JOIN pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = x.child) AS filled
     FROM pg_constraint k WHERE k.contype = 'f'
       AND k.conrelid IN (SELECT to_regclass(x) FROM unnest(ARRAY[${tables.map(literal).join(', ')}]::text[]) x) ORDER BY 2, 1`,
  )
  const found: NonNullable<Survey['orphans']> = []
  for (const { name, table, parent, matches, filled } of keys as Record<string, string>[])
    try {
      const [row] = await ask(
        `SELECT count(*)::float8 AS rows FROM ${table} c WHERE ${filled} AND NOT EXISTS (SELECT 1 FROM ${parent} p WHERE ${matches})`,
      )
      found.push({ key: String(name), table: String(table), rows: Number(row?.rows ?? 0) })
    } catch (error) {
      gaps.push({ what: String(name), why: why(error) })
    }
  return found
}

type OwnedSequence = { name: string; table: string; column: string; readable: boolean }

async function sequences(ask: Ask, owned: OwnedSequence[], gaps: Gap[]): Promise<SequenceFact[]> {
  const facts: SequenceFact[] = []
  for (const { name, table, column, readable } of owned) {
    if (!readable) {
      gaps.push({ what: name, why: 'our role may not read this sequence and its column.' })
      continue
    }
    try {
      const [row] = await ask(
        `SELECT CASE WHEN is_called THEN last_value END::text AS last, (SELECT max(${column}) FROM ${table})::text AS greatest FROM ${name}`,
      )
      if (!row) throw unreadableAnswer('The database', null, false)
      facts.push({
        name,
        table,
        column,
        last: row.last as string | null,
        greatest: row.greatest as string | null,
      })
    } catch (error) {
      gaps.push({ what: name, why: why(error) })
    }
  }
  return facts
}

/** B-tree indexes of the tables, by amcheck; a damaged one is told by its error, class XX. */
async function throughIndexes(ask: Ask, tables: string[], gaps: Gap[]): Promise<Survey['indexes']> {
  const [installed] = await ask(
    `SELECT p.oid::regprocedure::text AS check FROM pg_proc p JOIN pg_extension e ON e.extname = 'amcheck'
     JOIN pg_depend d ON d.objid = p.oid AND d.refobjid = e.oid WHERE p.proname = 'bt_index_check' AND p.pronargs = 1
       AND has_function_privilege(p.oid, 'EXECUTE')`,
  )
  if (!installed || tables.length === 0) {
    gaps.push({ what: 'indexes', why: 'amcheck is not installed, or our role may not use it.' })
    return null
  }
  const check = String(installed.check).replace(/\(.*$/, '')
  const found = await ask(
    `SELECT i.indexrelid::text AS id, i.indexrelid::regclass::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     JOIN pg_am m ON m.oid = c.relam WHERE m.amname = 'btree' AND i.indisvalid AND c.relpersistence <> 't'
       AND i.indrelid IN (SELECT to_regclass(x) FROM unnest(ARRAY[${tables.map(literal).join(', ')}]::text[]) x) ORDER BY 2`,
  )
  const broken: string[] = []
  let checked = 0
  for (const { id, name } of found as { id: string; name: string }[])
    try {
      await ask(`SELECT ${check}(${id}::oid::regclass)`)
      checked += 1
    } catch (error) {
      const code = error instanceof PortError ? error.detail.code : undefined
      if (code?.startsWith('XX')) broken.push(name)
      else gaps.push({ what: name, why: why(error) })
    }
  return { checked, broken }
}
