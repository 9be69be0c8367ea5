import { z } from 'zod'
import { type Difference, differences } from '../domain/reconcile/policy'
import { PortError } from '../ports/port-error'
import type { ComparedRow, MergeReader } from '../ports/reconcile'
import { comparisonOf } from '../procedures/point-in-time/reconcile-facts'
import type { Store } from '../store/client'
import { readRun } from '../store/run'

/** Most rows on a page. */
const mostRows = 100

const page = z.object({
  run: z.string(),
  table: z.string(),
  kind: z.enum(differences),
  after: z.string().nullable().default(null),
  limit: z.coerce.number().int().min(1).max(mostRows).default(20),
})
const file = page.pick({ run: true, table: true, kind: true }).extend({ format: z.enum(['csv', 'json']) })

/** A file is given up after this, ms: whoever reads so slowly takes a session from others. */
const fileLimitMs = 15 * 60_000

/** Compared rows for screens and files. */
export interface MergeRows {
  page(asked: Record<string, string>): Promise<ComparedRow[]>
  file(asked: Record<string, string>, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
}

/**
 * Reads compared rows where a run of this environment has compared them. Which database that is, only the run says: whoever asks
 * names the run and the table. Throws ZodError, ExpectedError and PortError.
 */
export function createMergeRows(store: Store, environment: string, reader: MergeReader): MergeRows {
  async function found(runId: string, table: string) {
    const comparison = comparisonOf((await readRun(store, runId, environment)).facts)
    if (!comparison?.tables.some((one) => one.table === table))
      throw new PortError('missing', `${table} was not compared.`, { outcome: 'rejected', probe: 'other' })
    return comparison
  }
  return {
    async page(asked) {
      const { run, table, ...rest } = page.parse(asked)
      const { target, batch } = await found(run, table)
      return await reader.rows(target, batch, table, rest)
    },
    async file(asked, signal) {
      const { run, table, kind, format } = file.parse(asked)
      const { target, batch } = await found(run, table)
      const limit = AbortSignal.any([signal, AbortSignal.timeout(fileLimitMs)])
      return reader.exportRows(target, batch, table, { kind: kind satisfies Difference, format }, limit)
    },
  }
}
