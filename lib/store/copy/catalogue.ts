import type { ClientBase } from 'pg'
import { quotedName } from '../../domain/text'

/** What reads the catalogues: a connection, in a transaction of its own choice. */
export type Reads = Pick<ClientBase, 'query'>

/** Tables of ours in order of name, with the columns that can be written. Children of a partitioned table are its rows. */
export async function listTables(client: Reads): Promise<{ name: string; columns: string[] }[]> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `SELECT c.relname AS name,
       (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
     ORDER BY c.relname`,
  )
  return rows
}

/** Every sequence of ours and where it stands. */
export async function listSequences(client: Reads): Promise<{ name: string; value: string; called: boolean }[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' ORDER BY relname`,
  )
  const read = []
  for (const { name } of rows) {
    const state = await client.query<{ value: string; called: boolean }>(
      `SELECT last_value::text AS value, is_called AS called FROM ${quotedName(name)}`,
    )
    for (const { value, called } of state.rows) read.push({ name, value, called })
  }
  return read
}

/** Schemas that are neither ours nor PostgreSQL's. */
export async function otherSchemas(client: Reads): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace WHERE nspname NOT IN ('public', 'information_schema') AND nspname !~ '^pg_' ORDER BY nspname`,
  )
  return rows.map(({ name }) => name)
}

/**
 * All that the store is made of besides its rows, one line each in a fixed order: columns, constraints, indexes, functions,
 * triggers, enums, sequences, grants. Two stores of the same version say the same, also under different versions of
 * PostgreSQL.
 */
export async function describeStore(client: Reads): Promise<string[]> {
  const lines: string[] = []
  for (const [kind, sql] of questions) {
    const { rows } = await client.query<{ line: string }>(sql)
    lines.push(...rows.map(({ line }) => `${kind} ${line}`).sort())
  }
  return lines
}

const ours = `'public'::regnamespace`
/** Who may do what. MAINTAIN is new in PostgreSQL 17; the owner's own rights follow from being the owner. */
const grants = (acl: string, owner: string, preset: string) =>
  `(SELECT COALESCE(string_agg(say, ', ' ORDER BY say), '') FROM (
     SELECT COALESCE(g.rolname, 'PUBLIC') || '=' || a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END AS say
     FROM aclexplode(COALESCE(${acl}, acldefault('${preset}', ${owner}))) a LEFT JOIN pg_roles g ON g.oid = a.grantee
     WHERE a.grantee <> ${owner} AND a.privilege_type <> 'MAINTAIN') said)`

const questions: [kind: string, sql: string][] = [
  [
    'table',
    `SELECT c.relname || ' ' || c.relkind::text || ' rls=' || c.relrowsecurity || ' to ' || ${grants('c.relacl', 'c.relowner', 'r')} AS line
     FROM pg_class c WHERE c.relnamespace = ${ours} AND c.relkind IN ('r', 'p', 'v', 'm')`,
  ],
  [
    'column',
    `SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
       || ' identity=' || a.attidentity::text || ' generated=' || a.attgenerated::text || COALESCE(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
       || ' to ' || CASE WHEN a.attacl IS NULL THEN '' ELSE ${grants('a.attacl', 'c.relowner', 'c')} END AS line
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = ${ours} AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped`,
  ],
  [
    'constraint',
    // PostgreSQL 18 lists "not null" here as well; it is a property of the column above.
    `SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) AS line
     FROM pg_constraint WHERE connamespace = ${ours} AND contype NOT IN ('n', 't')`,
  ],
  [
    'index',
    `SELECT pg_get_indexdef(i.indexrelid) AS line FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = ${ours}`,
  ],
  [
    'function',
    `SELECT pg_get_functiondef(p.oid) || ' to ' || ${grants('p.proacl', 'p.proowner', 'f')} AS line FROM pg_proc p
     WHERE p.pronamespace = ${ours} AND p.prokind IN ('f', 'p')
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`,
  ],
  [
    'trigger',
    `SELECT pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text AS line FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = ${ours} AND NOT t.tgisinternal`,
  ],
  [
    'view',
    `SELECT relname || ' ' || pg_get_viewdef(oid) AS line FROM pg_class WHERE relnamespace = ${ours} AND relkind IN ('v', 'm')`,
  ],
  [
    'policy',
    `SELECT tablename || ' ' || policyname || ' ' || cmd || ' ' || roles::text || ' ' || COALESCE(qual, '') || ' ' || COALESCE(with_check, '') AS line
     FROM pg_policies WHERE schemaname = 'public'`,
  ],
  [
    'enum',
    `SELECT t.typname || ' ' || string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) AS line FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
     WHERE t.typnamespace = ${ours} GROUP BY t.typname`,
  ],
  [
    'sequence',
    `SELECT c.relname || ' ' || format_type(s.seqtypid, NULL) || ' start ' || s.seqstart || ' by ' || s.seqincrement || ' to ' || ${grants('c.relacl', 'c.relowner', 's')} AS line
     FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = ${ours}`,
  ],
  [
    'database',
    `SELECT 'to ' || ${grants('d.datacl', 'd.datdba', 'd')} AS line FROM pg_database d WHERE d.datname = current_database()`,
  ],
  [
    'schema',
    `SELECT n.nspname || ' to ' || ${grants('n.nspacl', 'n.nspowner', 'n')} AS line FROM pg_namespace n WHERE n.oid = ${ours}`,
  ],
]
