import { randomUUID } from 'node:crypto'
import type { AlertView } from '../domain/incident/view'
import type { Db } from './client'

export interface ReceivedAlert {
  source: AlertView['source']
  /** What the sender knows the same alert by. */
  fingerprint: string
  title: string
  severity: string | null
  resolved: boolean
  at: number
}

type Row = NonNullable<Awaited<ReturnType<Db['alert']['findUnique']>>>
const toView = (row: Row): AlertView => ({
  id: row.id,
  source: row.source as AlertView['source'],
  title: row.title,
  severity: row.severity,
  firstAt: row.firstAt.getTime(),
  lastAt: row.lastAt.getTime(),
  times: row.times,
  resolvedAt: row.resolvedAt?.getTime() ?? null,
  incidentNumber: row.incidentNumber,
})

/**
 * Keeps an alert once per fingerprint; a repeat counts, one that fires anew after its end shows again, and what
 * is not newer than what is known (a replay, an overtaken message) changes nothing.
 */
export async function keepAlert(db: Db, environment: string, alert: ReceivedAlert): Promise<void> {
  const at = new Date(alert.at)
  const resolvedAt = alert.resolved ? at : null
  await db.$executeRaw`
    INSERT INTO alert AS a (id, environment, source, fingerprint, title, severity, first_at, last_at, times, resolved_at)
    VALUES (${randomUUID()}, ${environment}, ${alert.source}, ${alert.fingerprint}, ${alert.title}, ${alert.severity}, ${at}, ${at}, 1, ${resolvedAt})
    ON CONFLICT (environment, source, fingerprint) DO UPDATE SET
      title = EXCLUDED.title, severity = EXCLUDED.severity, last_at = EXCLUDED.last_at,
      times = a.times + 1, resolved_at = EXCLUDED.resolved_at,
      first_at = CASE WHEN a.resolved_at IS NOT NULL AND EXCLUDED.resolved_at IS NULL THEN EXCLUDED.first_at ELSE a.first_at END,
      dismissed_at = CASE WHEN a.resolved_at IS NOT NULL AND EXCLUDED.resolved_at IS NULL THEN NULL ELSE a.dismissed_at END,
      incident_number = CASE WHEN a.resolved_at IS NOT NULL AND EXCLUDED.resolved_at IS NULL THEN NULL ELSE a.incident_number END
    WHERE EXCLUDED.last_at > a.last_at`
}

/** Writes down that an event of a sender was taken; false when it was before. Belongs into the transaction of what it brings. */
export async function takeWebhookEvent(
  tx: Db,
  environment: string,
  event: { source: ReceivedAlert['source']; id: string },
  now: number,
): Promise<boolean> {
  const taken = await tx.$executeRaw`
    INSERT INTO webhook_event (environment, source, id, taken_at) VALUES (${environment}, ${event.source}, ${event.id}, ${new Date(now)})
    ON CONFLICT DO NOTHING`
  return taken > 0
}

/** Alerts that nobody dismissed or made an incident of, newest first. */
export async function listOpenAlerts(db: Db, environment: string): Promise<AlertView[]> {
  const rows = await db.alert.findMany({
    where: { environment, dismissedAt: null, incidentNumber: null, resolvedAt: null },
    orderBy: { lastAt: 'desc' },
    take: 20,
  })
  return rows.map(toView)
}

export async function linkAlert(tx: Db, environment: string, id: string, number: number): Promise<void> {
  await tx.alert.updateMany({ where: { id, environment }, data: { incidentNumber: number } })
}

/** Null when it is gone or dismissed already. */
export async function dismissAlert(
  tx: Db,
  environment: string,
  id: string,
  now: number,
): Promise<{ title: string } | null> {
  const { count } = await tx.alert.updateMany({
    where: { id, environment, dismissedAt: null },
    data: { dismissedAt: new Date(now) },
  })
  return count ? await tx.alert.findUnique({ where: { id }, select: { title: true } }) : null
}
