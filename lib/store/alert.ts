import { randomUUID } from 'node:crypto'
import { gravities, gravityOf } from '../domain/alert'
import type { AlertGroup, AlertView, OpenAlerts } from '../domain/incident/view'
import type { Db } from './client'
import { Prisma } from './generated/client'

export interface ReceivedAlert {
  source: AlertView['source']
  /** What the sender knows the same alert by. */
  fingerprint: string
  /** What the sender calls it; null where it names none. */
  name: string | null
  title: string
  severity: string | null
  resolved: boolean
  at: number
}

/**
 * Keeps an alert once per fingerprint; a repeat counts, one that fires anew after its end shows again, and what
 * is not newer than what is known (a replay, an overtaken message) changes nothing.
 */
export async function keepAlert(db: Db, environment: string, alert: ReceivedAlert): Promise<void> {
  const at = new Date(alert.at)
  const resolvedAt = alert.resolved ? at : null
  await db.$executeRaw`
    INSERT INTO alert AS a (id, environment, source, fingerprint, name, title, severity, first_at, last_at, times, resolved_at)
    VALUES (${randomUUID()}, ${environment}, ${alert.source}, ${alert.fingerprint}, ${alert.name}, ${alert.title}, ${alert.severity}, ${at}, ${at}, 1, ${resolvedAt})
    ON CONFLICT (environment, source, fingerprint) DO UPDATE SET
      name = EXCLUDED.name, title = EXCLUDED.title, severity = EXCLUDED.severity, last_at = EXCLUDED.last_at,
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

/** Ends an alert if it fires; one that was never kept is not made for its end. */
export async function endAlert(
  db: Db,
  environment: string,
  { source, fingerprint, at }: Pick<ReceivedAlert, 'source' | 'fingerprint' | 'at'>,
): Promise<void> {
  await db.alert.updateMany({
    where: { environment, source, fingerprint, resolvedAt: null, lastAt: { lt: new Date(at) } },
    data: { resolvedAt: new Date(at), lastAt: new Date(at) },
  })
}

/** Alerts that nobody dismissed or made an incident of. */
const isOpen = Prisma.sql`a.dismissed_at IS NULL AND a.incident_number IS NULL AND a.resolved_at IS NULL`
/** So many alerts of a group are shown one by one, the newest first. */
const shownOfGroup = 10
const shownGroups = 40

interface OpenRow {
  id: string
  source: AlertView['source']
  name: string
  title: string
  severity: string | null
  first_at: Date
  last_at: Date
  times: number
  place: bigint
  of_group: bigint
  group_first_at: Date
  group_last_at: Date
}

/** What waits in an environment: all of it counted, in groups by name and severity, the gravest and newest first. */
export async function listOpenAlerts(db: Db, environment: string): Promise<OpenAlerts> {
  const rows = await db.$queryRaw<OpenRow[]>`
    SELECT * FROM (
      SELECT a.id, a.source, coalesce(a.name, a.title) AS name, a.title, a.severity, a.first_at, a.last_at, a.times,
        row_number() OVER (kind ORDER BY a.last_at DESC, a.id) AS place, count(*) OVER kind AS of_group,
        min(a.first_at) OVER kind AS group_first_at, max(a.first_at) OVER kind AS group_last_at
      FROM alert a WHERE a.environment = ${environment} AND ${isOpen}
      WINDOW kind AS (PARTITION BY a.source, coalesce(a.name, a.title), a.severity)
    ) shown WHERE place <= ${shownOfGroup} ORDER BY last_at DESC, id`
  const groups = new Map<string, AlertGroup>()
  for (const row of rows) {
    const { source, name, severity } = row
    const key = JSON.stringify([source, name, severity])
    const group = groups.get(key) ?? {
      ...{ source, name, severity, gravity: gravityOf(severity), count: Number(row.of_group), alerts: [] },
      firstAt: row.group_first_at.getTime(),
      lastAt: row.group_last_at.getTime(),
    }
    groups.set(key, group)
    group.alerts.push({
      ...{ id: row.id, source, name, title: row.title, severity, times: row.times },
      firstAt: row.first_at.getTime(),
      lastAt: row.last_at.getTime(),
      resolvedAt: null,
      incidentNumber: null,
    })
  }
  const all = [...groups.values()].toSorted(
    (a, b) => gravities.indexOf(a.gravity) - gravities.indexOf(b.gravity) || b.lastAt - a.lastAt,
  )
  return { total: all.reduce((sum, { count }) => sum + count, 0), groups: all.slice(0, shownGroups) }
}

/**
 * Dismisses what is open of a group and began to fire until then: what came after a person looked stays. How many they
 * were.
 */
export async function dismissGroup(
  tx: Db,
  environment: string,
  { source, name, severity, until }: Pick<AlertGroup, 'source' | 'name' | 'severity'> & { until: number },
  now: number,
): Promise<number> {
  return await tx.$executeRaw`
    UPDATE alert a SET dismissed_at = ${new Date(now)}
    WHERE a.environment = ${environment} AND a.source = ${source} AND coalesce(a.name, a.title) = ${name}
      AND a.severity IS NOT DISTINCT FROM ${severity} AND a.first_at <= ${new Date(until)} AND ${isOpen}`
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
