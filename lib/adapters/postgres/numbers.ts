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
