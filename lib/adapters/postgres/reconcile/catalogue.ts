import type { TableShape } from '../../../domain/reconcile/plan'
import { literal } from '../../../domain/reconcile/statements'
import type { TableFacts } from '../../../domain/reconcile/table'
import type { Session } from './session'

const list = (query: string) => `COALESCE((SELECT json_agg(x) FROM (${query}) x), '[]')`
/** As lib/domain/reconcile/table.ts writes a table's name. */
const readable = (name: string) =>
  `CASE WHEN ${name} ~ '^[a-z_][a-z0-9_$]*$' THEN ${name}::text ELSE '"' || replace(${name}, '"', '""') || '"' END`
export const id = (schema: string, name: string) => `${readable(schema)} || '.' || ${readable(name)}`
const isTable = `c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dr_stage') AND n.nspname NOT LIKE 'pg\\_toast%'`

const tablesQuery = (tables: readonly string[]) => `SELECT n.nspname::text AS schema, c.relname::text AS name,
  ${list(`SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated <> '' AS generated,
      CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by-default' END AS identity
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`)} AS columns,
  ${list(`SELECT a.attname::text AS name FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k(attnum, ord)
      JOIN pg_attribute a ON a.attnum = k.attnum
    WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND k.ord <= i.indnkeyatts ORDER BY k.ord`)} AS key,
  ${list(`SELECT r.conname::text AS constraint, ${id('rn.nspname', 'rc.relname')} AS to
    FROM pg_constraint r JOIN pg_class rc ON rc.oid = r.confrelid JOIN pg_namespace rn ON rn.oid = rc.relnamespace
    WHERE r.conrelid = c.oid AND r.contype = 'f' ORDER BY 1`)} AS references,
  ${list(`SELECT g.tgname::text AS name, CASE g.tgenabled WHEN 'A' THEN 'always' ELSE 'origin' END AS enabled
    FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') ORDER BY 1`)} AS triggers,
  ${list(`SELECT DISTINCT format('%I.%I', sn.nspname, s.relname) AS name, a.attname::text AS column, q.seqincrement::float8 AS increment
    FROM pg_class s JOIN pg_namespace sn ON sn.oid = s.relnamespace JOIN pg_sequence q ON q.seqrelid = s.oid
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype IN ('a', 'i')
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = a.attnum)
      OR EXISTS (SELECT 1 FROM pg_attrdef f JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid WHERE f.adrelid = c.oid AND f.adnum = a.attnum)
    ORDER BY 1`)} AS sequences
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE ${isTable} AND ${id('n.nspname', 'c.relname')} = ANY (ARRAY[${tables.map(literal).join(', ')}]::text[])`

/** What the catalogue says of these tables; those that it does not have are left out. */
export async function readTables(session: Session, tables: readonly string[]): Promise<TableFacts[]> {
  const found = await session.rows(tablesQuery(tables))
  return found.map((row) => ({
    schema: String(row.schema),
    name: String(row.name),
    columns: row.columns as TableFacts['columns'],
    key: (row.key as { name: string }[]).map(({ name }) => name),
    references: row.references as TableFacts['references'],
    triggers: row.triggers as TableFacts['triggers'],
    sequences: row.sequences as TableFacts['sequences'],
  }))
}

/** How the tables of these names stand to others; those that the database does not have are left out. */
export async function readShapes(session: Session, tables: readonly string[]): Promise<Map<string, TableShape>> {
  const found = await session.rows(`SELECT ${id('n.nspname', 'c.relname')} AS name,
      (SELECT ${id('rn.nspname', 'r.relname')} FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace
        WHERE c.relispartition AND r.oid = pg_partition_root(c.oid)) AS whole,
      NOT c.relispartition AND EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = c.oid OR (h.inhparent = c.oid AND c.relkind = 'r')) AS inherits,
      EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS keyed
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND ${id('n.nspname', 'c.relname')} = ANY (ARRAY[${tables.map(literal).join(', ')}]::text[])`)
  return new Map(
    found.map(({ name, whole, inherits, keyed }) => [
      String(name),
      { whole: whole === null ? null : String(whole), inherits: inherits === true, keyed: keyed === true },
    ]),
  )
}

const rightsQuery = (tables: readonly string[], writes: boolean) => `SELECT ${id('n.nspname', 'c.relname')} AS table,
  ARRAY(SELECT p FROM unnest(ARRAY[${(writes ? ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] : ['SELECT']).map(literal).join(', ')}]) p
    WHERE NOT has_table_privilege(c.oid, p)) AS lacks,
  has_schema_privilege(n.oid, 'USAGE') AS usage, row_security_active(c.oid) AS hides, pg_has_role(c.relowner, 'USAGE') AS owns,
  EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')) AS has_triggers,
  ARRAY(SELECT DISTINCT format('%I.%I', sn.nspname, s.relname) FROM pg_class s JOIN pg_namespace sn ON sn.oid = s.relnamespace
      JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')
    WHERE s.relkind = 'S' AND NOT (has_sequence_privilege(s.oid, 'UPDATE') AND has_sequence_privilege(s.oid, 'SELECT'))) AS sequences
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE ${isTable} AND ${id('n.nspname', 'c.relname')} = ANY (ARRAY[${tables.map(literal).join(', ')}]::text[]) ORDER BY 1`

/** What the role lacks to create tables again that the target has lost: a place for them, and the owner's own rights. */
export async function rightsToCreate(source: Session, target: Session, tables: readonly string[]): Promise<string[]> {
  const [there, here] = [await source.rows(ownersQuery(tables)), await target.rows(ownersQuery(tables))]
  const missing = new Set<string>()
  for (const { table, schema, owner } of there.filter((one) => !here.some((other) => other.table === one.table))) {
    const [may] = await target.rows(`SELECT
      (SELECT has_schema_privilege(n.oid, 'CREATE') FROM pg_namespace n WHERE n.nspname = ${literal(String(schema))}) AS place,
      (SELECT pg_has_role(r.oid, 'MEMBER') FROM pg_roles r WHERE r.rolname = ${literal(String(owner))}) AS owner`)
    if (may?.place !== true)
      missing.add(`CREATE on schema ${String(schema)} in the target, to create ${String(table)} again`)
    if (may?.owner !== true) missing.add(`membership in ${String(owner)} in the target, who owns ${String(table)}`)
  }
  return [...missing]
}
const ownersQuery = (
  tables: readonly string[],
) => `SELECT ${id('n.nspname', 'c.relname')} AS table, n.nspname::text AS schema, pg_get_userbyid(c.relowner)::text AS owner
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${isTable} AND ${id('n.nspname', 'c.relname')} = ANY (ARRAY[${tables.map(literal).join(', ')}]::text[]) ORDER BY 1`

/** What the session's role lacks to read these tables, or to merge into them; and whose triggers it cannot keep from firing. */
export async function readRights(
  session: Session,
  tables: readonly string[],
  side: 'source' | 'target',
): Promise<{ missing: string[]; triggersStay: string[] }> {
  const missing: string[] = []
  const triggersStay: string[] = []
  const found = await session.rows(rightsQuery(tables, side === 'target'))
  for (const row of found) {
    const table = String(row.table)
    if (row.usage !== true) missing.push(`USAGE on the schema of ${table} in the ${side}`)
    for (const right of row.lacks as string[]) missing.push(`${right} on ${table} in the ${side}`)
    if (row.hides === true) missing.push(`BYPASSRLS or ownership for ${table} in the ${side}: row security hides rows`)
    if (side === 'source') continue
    for (const sequence of row.sequences as string[])
      missing.push(`SELECT and UPDATE on sequence ${sequence} in the target`)
    if (row.has_triggers === true && row.owns !== true) triggersStay.push(table)
  }
  if (side === 'target') {
    const [row] = await session.rows(
      `SELECT CASE WHEN to_regnamespace('dr_stage') IS NULL THEN has_database_privilege(current_database(), 'CREATE')
        ELSE has_schema_privilege('dr_stage', 'USAGE') AND has_schema_privilege('dr_stage', 'CREATE') END AS may`,
    )
    if (row?.may !== true) missing.push('CREATE on the target database, for the schema dr_stage')
  }
  return { missing, triggersStay }
}
