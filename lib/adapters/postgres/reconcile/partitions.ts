import { literal } from '../../../domain/reconcile/statements'
import type { Session } from './session'

/*
 * A partitioned table is made again as one unit: each of its partitions as a table of its own that is then attached, so that a partition
 * keeps the order of its columns, its defaults and the names of its indexes.
 */

/** The table and all of its partitions, at any depth. */
export const treeOf = (table: string): string =>
  `(SELECT ${table}::oid UNION SELECT relid::oid FROM pg_partition_tree(${table}))`

/** Its partitions, each ready for SQL, in an order in which each follows what it is attached to. */
export async function partitionsOf(session: Session, table: string): Promise<string[]> {
  const found = await session.rows(`SELECT relid::regclass::text AS name FROM pg_partition_tree(${table})
    WHERE level > 0 ORDER BY level, relid::regclass::text COLLATE "C"`)
  return found.map(({ name }) => `${literal(String(name))}::regclass`)
}

export const attachQuery = (
  partition: string,
) => `SELECT format('ALTER TABLE %s ATTACH PARTITION %s %s', h.inhparent::regclass::text, c.oid::regclass::text, pg_get_expr(c.relpartbound, c.oid)) AS sql
  FROM pg_class c JOIN pg_inherits h ON h.inhrelid = c.oid WHERE c.oid = ${partition}`

/** The server writes an index of a partitioned table without those of its partitions; it is not valid before it has them. */
export const attachIndexes = (
  table: string,
) => `SELECT format('ALTER INDEX %s ATTACH PARTITION %s', h.inhparent::regclass::text, h.inhrelid::regclass::text) AS sql
  FROM pg_index x JOIN pg_inherits h ON h.inhparent = x.indexrelid
  WHERE x.indrelid = ${table} AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
  ORDER BY h.inhparent::regclass::text COLLATE "C", h.inhrelid::regclass::text COLLATE "C"`

const parentOf = (alias: string) => `COALESCE((to_jsonb(${alias}) ->> 'tgparentid')::oid, 0)`
/** Not one that a partition has from its table. */
export const isOwnTrigger = `NOT g.tgisinternal AND ${parentOf('g')} = 0`

/** Why a table of this kind cannot be made from its definition; null when it can. */
export const kindQuery = (table: string) => `SELECT CASE
    WHEN c.reloftype <> 0 THEN 'It is made of a type.'
    WHEN EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = c.oid OR (h.inhparent = c.oid AND c.relkind <> 'p'))
      THEN 'It inherits from another table, or another one from it.'
    WHEN EXISTS (SELECT 1 FROM pg_class p WHERE p.oid IN ${treeOf(table)} AND p.relkind NOT IN ('r', 'p'))
      THEN 'One of its partitions is a foreign table.'
    WHEN EXISTS (SELECT 1 FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0
        AND (k.conrelid <> c.oid AND k.conrelid IN ${treeOf(table)} OR k.confrelid <> c.oid AND k.confrelid IN ${treeOf(table)}))
      THEN 'One of its partitions has a foreign key of its own.'
    WHEN EXISTS (SELECT 1 FROM pg_trigger g JOIN pg_trigger p ON p.oid = ${parentOf('g')} AND p.tgenabled <> g.tgenabled
        WHERE g.tgrelid IN ${treeOf(table)})
      THEN 'One of its partitions has a trigger that is enabled in another way.'
    END AS why
  FROM pg_class c WHERE c.oid = ${table}`
