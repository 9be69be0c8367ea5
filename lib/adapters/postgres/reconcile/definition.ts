import { canonicalJson } from '../../../domain/procedure/canonical'
import { definitionOf, type ForeignKey, leftOutKey, type TableCreation } from '../../../domain/reconcile/creation'
import { literal } from '../../../domain/reconcile/statements'
import { type TableFacts, tableId, tableSql } from '../../../domain/reconcile/table'
import { cutText, quotedName } from '../../../domain/text'
import { counted } from '../../../domain/units'
import { PortError } from '../../../ports/port-error'
import { id } from './catalogue'
import { attachIndexes, attachQuery, isOwnTrigger, kindQuery, partitionsOf, treeOf } from './partitions'
import type { Session } from './session'

/*
 * The definition of a table as its own server writes it. The session has an empty search path, so that every name is written
 * with its schema. What the server cannot write by itself (CREATE TABLE, rights) is put together from its catalogue.
 */

const named = (oid: string) => `${oid}::regclass::text`
/** Sequences that belong to a column: of a serial column ('a'), or of an identity ('i'). */
const owned = (
  table: string,
  kind: 'a' | 'i',
  oids = `(${table})`,
) => `FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  JOIN pg_sequence q ON q.seqrelid = s.oid JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid IN ${oids} AND d.deptype = '${kind}'`
const sequenceOptions = `format('START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s %s', q.seqstart, q.seqincrement,
  q.seqmin, q.seqmax, q.seqcache, CASE WHEN q.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END)`
const persistence = (alias: string) => `CASE WHEN ${alias}.relpersistence = 'u' THEN 'UNLOGGED ' ELSE '' END`

const createQueries = (table: string): string[] => [
  `SELECT format('CREATE %sSEQUENCE %s AS %s %s', ${persistence('s')}, ${named('s.oid')}, format_type(q.seqtypid, NULL), ${sequenceOptions}) AS sql
    ${owned(table, 'a')} ORDER BY 1`,
  `SELECT format('CREATE %sTABLE %s (%s)%s%s', ${persistence('c')}, ${named('c.oid')},
      (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
          || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END
          || CASE WHEN COALESCE(to_jsonb(a) ->> 'attcompression', '') = 'p' THEN ' COMPRESSION pglz'
               WHEN to_jsonb(a) ->> 'attcompression' = 'l' THEN ' COMPRESSION lz4' ELSE '' END
          || CASE WHEN a.attgenerated <> '' THEN format(' GENERATED ALWAYS AS (%s) %s', pg_get_expr(f.adbin, f.adrelid),
                  CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END)
               WHEN a.attidentity <> '' THEN format(' GENERATED %s AS IDENTITY (SEQUENCE NAME %s)',
                  CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
                  (SELECT format('%s %s', ${named('s.oid')}, ${sequenceOptions}) ${owned(table, 'i')} AND d.refobjsubid = i.n))
               WHEN f.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(f.adbin, f.adrelid) ELSE '' END
          || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum,
          LATERAL (SELECT a.attnum AS n) i
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
      CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) ELSE '' END
        || CASE WHEN m.amname <> 'heap' THEN format(' USING %I', m.amname) ELSE '' END,
      CASE WHEN c.reloptions IS NOT NULL THEN format(' WITH (%s)', array_to_string(c.reloptions, ', ')) ELSE '' END) AS sql
    FROM pg_class c LEFT JOIN pg_am m ON m.oid = c.relam WHERE c.oid = ${table}`,
  `SELECT format('ALTER SEQUENCE %s OWNED BY %s.%I', ${named('s.oid')}, ${named('d.refobjid')}, a.attname) AS sql ${owned(table, 'a')} ORDER BY 1`,
]

/** Checks that a partition has from its table come with that table's own; its keys are made first, and are taken over by name. */
const constraints = `FROM pg_constraint k WHERE (k.contype IN ('p', 'u', 'x') OR (k.contype = 'c' AND k.coninhcount = 0)) AND k.conrelid =`
const indexes = (table: string) => `FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = ${table}`
const isConstraint = `EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x') AND k.conrelid = x.indrelid)`
const comment = (what: string, text: string) => `format('COMMENT ON %s IS %L', ${what}, ${text})`
/** Rights as the owner granted them; those that every new object has are not written. */
const rights = (kind: 'TABLE' | 'SEQUENCE', preset: 'r' | 's', from: string, where: string) => `SELECT sql FROM (
    SELECT 1 AS part, format('REVOKE ALL ON ${kind} %s FROM %I', ${named('c.oid')}, pg_get_userbyid(c.relowner)) AS sql, c.oid::text AS o
      ${from} WHERE ${where} AND c.relacl <> acldefault('${preset}', c.relowner)
    UNION ALL
    SELECT 2, format('GRANT %s ON ${kind} %s TO %s%s', string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type), ${named('c.oid')},
        CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
        CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), c.oid::text
      ${from}, aclexplode(c.relacl) x WHERE ${where} AND c.relacl <> acldefault('${preset}', c.relowner)
      GROUP BY c.oid, x.grantee, x.is_grantable) r ORDER BY o, part, sql`

const finishQueries = (table: string): string[] => [
  `SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', ${named('k.conrelid')}, k.conname, pg_get_constraintdef(k.oid)) AS sql
    ${constraints} ${table} ORDER BY position(k.contype::text IN 'puxc'), k.conname`,
  `SELECT pg_get_indexdef(x.indexrelid) AS sql ${indexes(table)} AND NOT ${isConstraint} ORDER BY i.relname`,
  attachIndexes(table),
  `SELECT format('ALTER TABLE %s CLUSTER ON %I', ${named('x.indrelid')}, i.relname) AS sql ${indexes(table)} AND x.indisclustered`,
  `SELECT format('ALTER TABLE %s REPLICA IDENTITY %s', ${named('c.oid')}, CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
      ELSE (SELECT format('USING INDEX %I', i.relname) ${indexes('c.oid')} AND x.indisreplident) END) AS sql
    FROM pg_class c WHERE c.oid = ${table} AND c.relreplident <> 'd'`,
  `SELECT format('ALTER TABLE %s ALTER COLUMN %I SET %s', ${named('a.attrelid')}, a.attname, o.setting) AS sql
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid, LATERAL (VALUES
      (CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' || CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'x' THEN 'EXTENDED' ELSE 'MAIN' END END),
      (CASE WHEN COALESCE(a.attstattarget, -1) >= 0 THEN 'STATISTICS ' || a.attstattarget END),
      (CASE WHEN a.attoptions IS NOT NULL THEN format('(%s)', array_to_string(a.attoptions, ', ')) END)) AS o (setting)
    WHERE a.attrelid = ${table} AND a.attnum > 0 AND NOT a.attisdropped AND o.setting IS NOT NULL ORDER BY a.attnum, 1`,
  `SELECT pg_get_statisticsobjdef(e.oid) AS sql FROM pg_statistic_ext e WHERE e.stxrelid = ${table} ORDER BY 1`,
  `SELECT sql FROM (
      SELECT ${comment(`'TABLE ' || ${named(table)}`, `obj_description(${table}, 'pg_class')`)} AS sql WHERE obj_description(${table}, 'pg_class') IS NOT NULL
      UNION ALL SELECT ${comment(`format('COLUMN %s.%I', ${named('a.attrelid')}, a.attname)`, 'col_description(a.attrelid, a.attnum)')}
        FROM pg_attribute a WHERE a.attrelid = ${table} AND a.attnum > 0 AND NOT a.attisdropped AND col_description(a.attrelid, a.attnum) IS NOT NULL
      UNION ALL SELECT ${comment(`format('CONSTRAINT %I ON %s', k.conname, ${named('k.conrelid')})`, `obj_description(k.oid, 'pg_constraint')`)}
        ${constraints} ${table} AND obj_description(k.oid, 'pg_constraint') IS NOT NULL
      UNION ALL SELECT ${comment(`'INDEX ' || ${named('x.indexrelid')}`, `obj_description(x.indexrelid, 'pg_class')`)}
        ${indexes(table)} AND obj_description(x.indexrelid, 'pg_class') IS NOT NULL) c ORDER BY 1`,
  `SELECT pg_get_ruledef(r.oid) AS sql FROM pg_rewrite r WHERE r.ev_class = ${table} ORDER BY r.rulename`,
  `SELECT pg_get_triggerdef(g.oid) AS sql FROM pg_trigger g WHERE g.tgrelid = ${table} AND ${isOwnTrigger} ORDER BY g.tgname`,
  `SELECT format('ALTER TABLE %s %s TRIGGER %I', ${named('g.tgrelid')}, CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, g.tgname) AS sql
    FROM pg_trigger g WHERE g.tgrelid = ${table} AND ${isOwnTrigger} AND g.tgenabled <> 'O' ORDER BY g.tgname`,
  `SELECT format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, ${named('p.polrelid')}, CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
      CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
      (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY r) FROM unnest(p.polroles) r),
      COALESCE(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ''), COALESCE(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')) AS sql
    FROM pg_policy p WHERE p.polrelid = ${table} ORDER BY p.polname`,
  `SELECT format('ALTER TABLE %s %s ROW LEVEL SECURITY', ${named('c.oid')}, o.word) AS sql FROM pg_class c,
      LATERAL (VALUES (1, 'ENABLE', c.relrowsecurity), (2, 'FORCE', c.relforcerowsecurity)) AS o (n, word, needed)
    WHERE c.oid = ${table} AND o.needed ORDER BY o.n`,
  `SELECT format('ALTER TABLE %s OWNER TO %I', ${named('c.oid')}, pg_get_userbyid(c.relowner)) AS sql FROM pg_class c WHERE c.oid = ${table}`,
  rights('TABLE', 'r', 'FROM pg_class c', `c.oid = ${table}`),
  `SELECT format('GRANT %s (%I) ON TABLE %s TO %s%s', x.privilege_type, a.attname, ${named('a.attrelid')},
      CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END, CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS sql
    FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = ${table} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1`,
  rights(
    'SEQUENCE',
    's',
    'FROM pg_class c',
    `c.oid IN (SELECT s.oid ${owned(table, 'a')} UNION ALL SELECT s.oid ${owned(table, 'i')})`,
  ),
]

async function texts(session: Session, queries: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const query of queries) for (const { sql } of await session.rows(query)) found.push(String(sql))
  return found
}
const classOf = (facts: TableFacts) => `${literal(tableSql(facts))}::regclass`

/** The statements of the table itself and of its partitions, without its foreign keys. */
async function readDefinition(session: Session, facts: TableFacts): Promise<Pick<TableCreation, 'create' | 'finish'>> {
  const table = classOf(facts)
  const parts = await partitionsOf(session, table)
  const create = await texts(session, createQueries(table))
  for (const part of parts) create.push(...(await texts(session, [...createQueries(part), attachQuery(part)])))
  const finish: string[] = []
  // Keys and indexes of the smallest parts first: those of the whole take them over, with their names.
  for (const one of [...parts.toReversed(), table]) finish.push(...(await texts(session, finishQueries(one))))
  return { create, finish }
}

const namesQuery = (
  table: string,
) => `SELECT n.nspname::text AS schema, c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid IN ${treeOf(table)} OR c.oid IN (SELECT x.indexrelid FROM pg_index x WHERE x.indrelid IN ${treeOf(table)}
    UNION ALL SELECT s.oid ${owned(table, 'a', treeOf(table))} UNION ALL SELECT s.oid ${owned(table, 'i', treeOf(table))})`

const refuse = (facts: TableFacts, why: string) =>
  new PortError('config', `${tableId(facts)} cannot be re-created. ${why}`, { outcome: 'rejected', probe: 'other' })

/** Names that somebody has used since. */
async function refuseCollisions(source: Session, target: Session, facts: TableFacts): Promise<void> {
  const wanted = await source.rows(namesQuery(classOf(facts)))
  const pairs = wanted.map(({ schema, name }) => `(${literal(String(schema))}, ${literal(String(name))})`).join(', ')
  const [taken] =
    await target.rows(`SELECT ${id('n.nspname', 'c.relname')} AS name, CASE c.relkind WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view'
      WHEN 'S' THEN 'a sequence' WHEN 'i' THEN 'an index' WHEN 'c' THEN 'a type' WHEN 'f' THEN 'a foreign table' ELSE 'a table' END AS kind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) IN (${pairs}) ORDER BY 1`)
  if (taken) throw refuse(facts, `The target already has ${String(taken.kind)} named ${String(taken.name)}.`)
}

/**
 * Reads what makes the table again out of the source, makes it in the target's open transaction, and proves that the target's
 * catalogue describes it in the same words. The caller drops it, or fills it. Throws PortError.
 */
export async function rehearse(
  source: Session,
  target: Session,
  facts: TableFacts,
): Promise<Pick<TableCreation, 'create' | 'finish' | 'sequences'>> {
  const [kind] = await source.rows(kindQuery(classOf(facts)))
  if (kind?.why) throw refuse(facts, String(kind.why))
  await refuseCollisions(source, target, facts)
  const definition = await readDefinition(source, facts)
  await target.run(definition.create)
  await target.run(definition.finish)
  await refuseOther(target, facts, definition)
  const table = classOf(facts)
  // An UNLOGGED table comes out of a restore empty, and its sequences come with their start.
  const sequences = await texts(source, [
    `SELECT format('SELECT setval(%L::regclass, %s)', ${named('o.oid')}, pg_sequence_last_value(o.oid)) AS sql
      FROM (SELECT s.oid ${owned(table, 'a', treeOf(table))} UNION ALL SELECT s.oid ${owned(table, 'i', treeOf(table))} OFFSET 0) o WHERE pg_sequence_last_value(o.oid) IS NOT NULL ORDER BY 1`,
  ])
  return { ...definition, sequences }
}

/** The target's catalogue must describe the table in the words that were approved. */
export async function refuseOther(
  target: Session,
  facts: TableFacts,
  wanted: Pick<TableCreation, 'create' | 'finish'>,
): Promise<void> {
  const made = await readDefinition(target, facts)
  const [is, was] = [made, wanted].map((one) => definitionOf({ ...one, foreignKeys: [], sequences: [], leftOut: [] }))
  if (canonicalJson(is) === canonicalJson(was)) return
  const off = was?.find((sql) => !is?.includes(sql)) ?? is?.find((sql) => !was?.includes(sql)) ?? ''
  throw refuse(facts, `Its definition in the target differs: ${cutText(off, 200)}`)
}

const columnsOf = (oid: string, keys: string) =>
  `(SELECT json_agg(a.attname::text ORDER BY o.n) FROM unnest(${keys}) WITH ORDINALITY AS o (num, n) JOIN pg_attribute a ON a.attrelid = ${oid} AND a.attnum = o.num)`
const keysQuery = (
  table: string,
) => `SELECT quote_ident(k.conname) AS name, ${id('kn.nspname', 'kc.relname')} AS of, ${id('rn.nspname', 'rc.relname')} AS to,
    ${named('k.conrelid')} AS "ofSql", ${named('k.confrelid')} AS "toSql", ${columnsOf('k.conrelid', 'k.conkey')} AS columns, ${columnsOf('k.confrelid', 'k.confkey')} AS "toColumns",
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', ${named('k.conrelid')}, k.conname, pg_get_constraintdef(k.oid)) AS sql
  FROM pg_constraint k JOIN pg_class kc ON kc.oid = k.conrelid JOIN pg_namespace kn ON kn.oid = kc.relnamespace
    JOIN pg_class rc ON rc.oid = k.confrelid JOIN pg_namespace rn ON rn.oid = rc.relnamespace
  WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = ${table} OR k.confrelid = ${table}) ORDER BY 2, 1`

/**
 * Keys from the table and to it: those that the rows allow, and the others with the reason. `staged` are its compared rows;
 * `created` are the tables that are made again beside it, whose rows fit because they come from the same moment.
 */
export async function readForeignKeys(
  source: Session,
  target: Session,
  facts: TableFacts,
  staged: string,
  created: ReadonlySet<string>,
): Promise<Pick<TableCreation, 'foreignKeys' | 'leftOut'>> {
  const own = tableId(facts)
  const foreignKeys: ForeignKey[] = []
  const leftOut: string[] = []
  for (const row of await source.rows(keysQuery(classOf(facts)))) {
    const key: ForeignKey = { name: String(row.name), of: String(row.of), to: String(row.to), sql: String(row.sql) }
    const other = key.of === own ? key.to : key.of
    // A key between two tables that are both made again belongs to the one that has it.
    if (other === own || created.has(other)) {
      if (key.of === own) foreignKeys.push(key)
      continue
    }
    const sides = { of: key.of === own ? staged : String(row.ofSql), to: key.of === own ? String(row.toSql) : staged }
    const why = await whyNotAllowed(target, key, String(key.of === own ? row.toSql : row.ofSql), sides, {
      columns: row.columns as string[],
      toColumns: row.toColumns as string[],
    })
    if (why === null) foreignKeys.push(key)
    else leftOut.push(leftOutKey(key, why))
  }
  return { foreignKeys, leftOut }
}

async function whyNotAllowed(
  target: Session,
  { name, of }: ForeignKey,
  otherSql: string,
  sides: { of: string; to: string },
  { columns, toColumns }: { columns: string[]; toColumns: string[] },
): Promise<string | null> {
  const mine = sides.of === otherSql ? columns : toColumns
  const [there] = await target.rows(`SELECT c.oid IS NOT NULL AS there,
      EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND quote_ident(k.conname) = ${literal(name)}) AS taken,
      (SELECT count(*)::int FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname = ANY (ARRAY[${mine.map(literal).join(', ')}]::text[])) AS columns
    FROM (SELECT to_regclass(${literal(otherSql)})::oid AS oid) c`)
  if (there?.there !== true) return 'the target has no such other table'
  if (Number(there.columns) < mine.length) return 'the other table lacks a column of it'
  if (sides.of === otherSql && there.taken === true) return `${of} already has a constraint of that name`
  const same = columns.map((one, i) => `r.${quotedName(toColumns[i] ?? '')} = k.${quotedName(one)}`).join(' AND ')
  const [lost] = await target.rows(`SELECT count(*)::float8 AS rows FROM ${sides.of} AS k
    WHERE ${columns.map((one) => `k.${quotedName(one)} IS NOT NULL`).join(' AND ')} AND NOT EXISTS (SELECT 1 FROM ${sides.to} AS r WHERE ${same})`)
  const rows = Number(lost?.rows)
  return rows === 0 ? null : `${counted(rows, 'row')} of ${of} ${rows === 1 ? 'leads' : 'lead'} nowhere`
}

/** What depended on the table and is not made again: views, and publications. */
export async function readLeftOut(source: Session, target: Session, facts: TableFacts): Promise<string[]> {
  const table = classOf(facts)
  const views =
    await source.rows(`SELECT DISTINCT ${named('v.oid')} AS name FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid IN ${treeOf(table)} AND v.oid <> ${table} ORDER BY 1`)
  const left: string[] = []
  for (const { name } of views) {
    const [found] = await target.rows(`SELECT to_regclass(${literal(String(name))}) IS NOT NULL AS there`)
    if (found?.there !== true)
      left.push(`View ${String(name)} was dropped with the table. Create it again from the copy.`)
  }
  const publications = await texts(source, [
    `SELECT format('ALTER PUBLICATION %I ADD TABLE %s', p.pubname, ${named('r.prrelid')}) AS sql FROM pg_publication_rel r
      JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid IN ${treeOf(table)} ORDER BY 1`,
  ])
  const [kind] = await source.rows(
    `SELECT bool_or(c.relpersistence = 'u') AS unlogged, bool_or(c.reltablespace <> 0) AS aside FROM pg_class c WHERE c.oid IN ${treeOf(table)}`,
  )
  return [
    ...left,
    ...publications.map((sql) => `A publication contained the table. ${sql};`),
    ...(kind?.unlogged === true ? ['The table is UNLOGGED: a restore keeps none of its rows.'] : []),
    ...(kind?.aside === true ? ['The table was in a tablespace of its own. It is created in the default one.'] : []),
  ]
}

/** The table as it stands now, by which what we made is known again; null where there is none. */
export async function oidOf(session: Session, facts: TableFacts): Promise<string | null> {
  const [row] = await session.rows(`SELECT to_regclass(${literal(tableSql(facts))})::oid::text AS oid`)
  return row?.oid ? String(row.oid) : null
}
