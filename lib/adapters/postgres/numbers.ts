import type { NumberRange } from '../../domain/run/one-sided'
import { quotedName } from '../../domain/text'
import { unreadableAnswer } from '../../ports/outcome'
import { type Ask, literal } from './survey'

/** The greatest number of each writer not above the given one that the table holds; null where it holds none. */
export async function readNumbers(
  ask: Ask,
  table: { table: string; writerColumn: string; numberColumn: string },
  upTo: Record<string, number>,
): Promise<Record<string, number | null>> {
  const writers = Object.entries(upTo)
  if (writers.length === 0) return {}
  const given = writers.map(([writer, n]) => `(${literal(writer)}, ${Math.trunc(n)}::int8)`).join(', ')
  const [writer, number] = [quotedName(table.writerColumn), quotedName(table.numberColumn)]
  const rows = await ask(`SELECT given.writer, held.n::float8 AS n FROM (VALUES ${given}) AS given (writer, n)
    LEFT JOIN LATERAL (SELECT max(t.${number}) AS n FROM ${quotedName(table.table)} AS t
      WHERE t.${writer} = given.writer AND t.${number} <= given.n) held ON true`)
  if (rows.length !== writers.length) throw unreadableAnswer('The database', null, false)
  return Object.fromEntries(rows.map((row) => [String(row.writer), row.n === null ? null : Number(row.n)]))
}

/** For each writer what the table holds above the given number, or all of it where none is given; writers without any are left out. */
export async function readNumbersBeyond(
  ask: Ask,
  table: { table: string; writerColumn: string; numberColumn: string },
  after: Record<string, number>,
): Promise<NumberRange[]> {
  const given = Object.entries(after).map(([writer, n]) => `(${literal(writer)}, ${Math.trunc(n)}::int8)`)
  const [writer, number] = [quotedName(table.writerColumn), quotedName(table.numberColumn)]
  const known = given.length > 0 ? `VALUES ${given.join(', ')}` : 'SELECT NULL::text, NULL::int8'
  const rows =
    await ask(`SELECT t.${writer}::text AS writer, min(t.${number})::float8 AS first, max(t.${number})::float8 AS last,
      count(*)::float8 AS commits
    FROM ${quotedName(table.table)} AS t LEFT JOIN (${known}) AS given (writer, n) ON given.writer = t.${writer}::text
    WHERE given.n IS NULL OR t.${number} > given.n GROUP BY 1 ORDER BY 1`)
  return rows.map((row) => ({
    writer: String(row.writer),
    from: Number(row.first),
    to: Number(row.last),
    commits: Number(row.commits),
  }))
}
