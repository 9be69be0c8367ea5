import { type BrokenGlass, breakGlassMessageId, outsideChannels, type ToldOutside } from '../domain/break-glass'
import type { Db } from './client'

interface Row {
  id: string
  title: string
  reason: string | null
  decided_by_name: string | null
  run_id: string
  run_title: string
  number: number | null
  kind: string | null
}

/**
 * Broken glass of an environment that no message tells of yet. The approval itself says that it must be told: whoever
 * answered it, by whatever code, cannot leave the telling out. What is older than an hour wakes nobody any more.
 */
export async function untoldBreakGlass(db: Db, environment: string): Promise<BrokenGlass[]> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT a.id, a.title, a.reason, a.decided_by_name, r.id AS run_id, r.title AS run_title, i.number, i.kind
    FROM approval a JOIN run r ON r.id = a.run_id LEFT JOIN incident i ON i.number::text = r.incident_id
    WHERE a.kind = 'break-glass' AND a.decided_at > clock_timestamp() - interval '1 hour' AND r.environment = ${environment}
      AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.about = a.id)
    ORDER BY a.decided_at LIMIT 20`
  return rows.map((row) => ({
    approvalId: row.id,
    run: { id: row.run_id, title: row.run_title },
    environment,
    incident: row.number === null ? null : { number: row.number, drill: row.kind === 'drill' },
    title: row.title,
    by: row.decided_by_name ?? 'Somebody',
    reason: row.reason ?? '',
  }))
}

/** How the reports of broken glass stand, by approval. */
export async function readToldOutside(db: Db, approvalIds: string[]): Promise<Map<string, ToldOutside[]>> {
  if (approvalIds.length === 0) return new Map()
  const rows = await db.outbox.findMany({ where: { about: { in: approvalIds } } })
  const byId = new Map(rows.map((row) => [row.id, row]))
  return new Map(
    approvalIds.map((id) => [
      id,
      outsideChannels.map((channel) => {
        const row = byId.get(breakGlassMessageId(id, channel))
        if (!row) return { channel, state: 'pending' as const, says: null }
        const state = row.state as 'queued' | 'sent' | 'failed'
        return { channel, state: state === 'failed' && row.inDoubt ? ('in-doubt' as const) : state, says: row.says }
      }),
    ]),
  )
}
