import type { LagPoint, Mark } from '../domain/cluster/types'
import type { ReportLag } from '../domain/report/view'
import { type Store, storeError } from './client'
import { lagHistoryStore } from './history'

/** Shown before the impact and after the end, ms. */
const marginMs = 5 * 60_000
/** As many points as a page is wide. */
const mostPoints = 900

type Window = { number: number; environment: string; impactStartedAt: number; endedAt: number | null }
type Sql = Pick<Store, 'pool'>

async function query<R extends object>(store: Sql, text: string, values: unknown[]): Promise<R[]> {
  try {
    return (await store.pool.query<R>(text, values)).rows
  } catch (error) {
    throw storeError(error)
  }
}

/** What was kept of an incident's lag, else what the history still has. Throws ExpectedError. */
export async function readIncidentLag(store: Sql, incident: Window, now: number): Promise<ReportLag> {
  const kept = await query<{ from_ms: string; to_ms: string; points: LagPoint[]; marks: Mark[] }>(
    store,
    // An incident that was reopened since has a longer window.
    'SELECT from_ms, to_ms, points, marks FROM incident_lag WHERE number = $1 AND to_ms >= $2',
    [incident.number, Math.round(incident.endedAt ?? now)],
  )
  if (kept[0])
    return { from: Number(kept[0].from_ms), to: Number(kept[0].to_ms), points: kept[0].points, marks: kept[0].marks }
  return await fromHistory(store, incident, now)
}

async function fromHistory(store: Sql, incident: Window, now: number): Promise<ReportLag> {
  const history = lagHistoryStore(store)
  const from = incident.impactStartedAt - marginMs
  const to = Math.min(now, (incident.endedAt ?? now) + marginMs)
  const [points, marks] = await Promise.all([
    history.read(incident.environment, from, to, mostPoints),
    history.readMarks(incident.environment, from, to),
  ])
  return { from, to, points, marks }
}

/**
 * Keeps the lag of every incident that has ended and whose window is over, once: the history forgets its seconds after
 * hours and its minutes after a month, a report is read for years. Safe to repeat. Throws ExpectedError.
 */
export async function keepLagOfEndedIncidents(store: Sql, environment: string, now: number): Promise<void> {
  const ended = await query<{ number: number; impact: Date; resolved: Date }>(
    store,
    `SELECT number, impact_started_at AS impact, resolved_at AS resolved FROM incident i
     WHERE environment = $1 AND resolved_at < to_timestamp($2::double precision / 1000)
       AND NOT EXISTS (SELECT 1 FROM incident_lag l WHERE l.number = i.number
         AND l.to_ms >= extract(epoch FROM i.resolved_at) * 1000)`,
    [environment, now - marginMs],
  )
  for (const { number, impact, resolved } of ended) {
    const window = { number, environment, impactStartedAt: impact.getTime(), endedAt: resolved.getTime() }
    const { from, to, points, marks } = await fromHistory(store, window, now)
    await query(
      store,
      `INSERT INTO incident_lag (number, kept_at, from_ms, to_ms, points, marks)
       VALUES ($1, clock_timestamp(), $2, $3, $4, $5) ON CONFLICT (number) DO UPDATE SET kept_at = excluded.kept_at,
         from_ms = excluded.from_ms, to_ms = excluded.to_ms, points = excluded.points, marks = excluded.marks`,
      [number, Math.round(from), Math.round(to), JSON.stringify(points), JSON.stringify(marks)],
    )
  }
}
