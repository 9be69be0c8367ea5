import 'server-only'
import { z } from 'zod'
import { takeRows } from '../commands/run/take-rows'
import { ExpectedError } from '../domain/errors'
import { roleRight } from '../domain/people/permissions'
import { type Difference, differences } from '../domain/reconcile/policy'
import type { RowsPage, RowView } from '../domain/reconcile/view'
import type { ViewContext } from '../views/context'
import { commandContext } from './action'
import { liveHub } from './hub'

/*
 * Compared rows are customers' data: they stay in the guarded database, and the runner reads them for whoever may see them. The
 * store of the War Room keeps counts and digests only.
 */

const pageSize = 20
const limitMs = 10_000

const sentence = (error: unknown): string =>
  error instanceof Error && /^[A-Z].*\.$/.test(error.message)
    ? error.message
    : 'The rows are not available: no runner responds. The comparison itself is kept.'

/** A page of rows, or why there is none. The person's right was looked at by the view of the comparison. */
export async function comparedRows(
  context: ViewContext,
  runId: string,
  { table, kind, after }: { table: string; kind: Difference; after: string | null },
): Promise<RowsPage> {
  const right = roleRight(context.person.role, 'run')
  const empty = { table, kind, after, next: null }
  if (!right.allowed) return { ...empty, rows: { why: right.why } }
  try {
    const asked = { run: runId, table, kind, limit: String(pageSize + 1), ...(after !== null && { after }) }
    const response = await liveHub().ask('/rows', asked, AbortSignal.timeout(limitMs))
    const { rows } = (await response.json()) as { rows: RowView[] }
    const shown = rows.slice(0, pageSize)
    return { ...empty, rows: shown, next: rows.length > pageSize ? (shown.at(-1)?.key ?? null) : null }
  } catch (error) {
    return { ...empty, rows: { why: sentence(error) } }
  }
}

const fileQuery = z.object({
  table: z.string().max(500),
  kind: z.enum(differences),
  format: z.enum(['csv', 'json']).default('csv'),
})

/** All rows of a kind as a file, streamed from the runner once it is written down who takes them. Throws ExpectedError. */
export async function comparedRowsFile(
  context: ViewContext,
  runId: string,
  parameters: URLSearchParams,
  signal: AbortSignal,
): Promise<Response> {
  const right = roleRight(context.person.role, 'run')
  if (!right.allowed) throw new ExpectedError('not-allowed', right.why)
  const asked = fileQuery.safeParse(Object.fromEntries(parameters))
  if (!asked.success) throw new ExpectedError('invalid', 'Name a table and which rows: source, target or different.')
  const { table, kind, format } = asked.data
  await takeRows(await commandContext(), { runId, ...asked.data })
  const file = await liveHub()
    .ask('/rows/file', { run: runId, table, kind, format }, signal)
    .catch((error: unknown) => {
      throw new ExpectedError('unavailable', sentence(error))
    })
  const name = `${runId.slice(0, 8)}-${table.replace(/[^\w.-]/g, '_')}-${kind}.${format === 'csv' ? 'csv' : 'jsonl'}`
  return new Response(file.body, {
    headers: {
      'cache-control': 'no-store',
      'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl; charset=utf-8',
      'content-disposition': `attachment; filename="${name}"`,
      'x-content-type-options': 'nosniff',
    },
  })
}
