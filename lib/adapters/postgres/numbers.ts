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

/** The numbers of each writer that the table holds, as runs of consecutive ones: a long run is one row of the answer. */
export async function readNumberRanges(
  ask: Ask,
  table: { table: string; writerColumn: string; numberColumn: string },
): Promise<NumberRange[]> {
  const [writer, number] = [quotedName(table.writerColumn), quotedName(table.numberColumn)]
  const rows = await ask(`SELECT writer, min(n)::float8 AS first, max(n)::float8 AS last
    FROM (SELECT t.${writer}::text AS writer, t.${number}::int8 AS n,
        t.${number}::int8 - row_number() OVER (PARTITION BY t.${writer} ORDER BY t.${number}) AS run
      FROM ${quotedName(table.table)} AS t) AS numbered
    GROUP BY writer, run ORDER BY writer, 2`)
  return rows.map((row) => ({ writer: String(row.writer), from: Number(row.first), to: Number(row.last) }))
}
