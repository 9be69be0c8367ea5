import type { Incident, RoleHolding } from '../domain/incident/incident'
import type { IncidentSummary } from '../domain/incident/types'
import type { IncidentListQuery, IncidentListView } from '../domain/incident/view'
import { listOpenAlerts } from '../store/alert'
import { listIncidents, readRoles } from '../store/incident'
import { provedWrites } from '../store/incident-runs'
import type { ViewSource } from './context'
import { clocksFrom } from './incident-clocks'
import { readMeasured } from './measures'

export function summaryOf(incident: Incident, roles: RoleHolding[] | undefined): IncidentSummary {
  const { number, title, kind, severity, scenario, status, impactStartedAt, declaredAt, resolvedAt } = incident
  const commander = roles?.find(({ role }) => role === 'commander')?.holder ?? null
  const { nextUpdateDueAt, mergedInto } = incident
  return {
    number,
    title,
    kind,
    severity,
    scenario,
    status,
    impactStartedAt,
    declaredAt,
    resolvedAt,
    commander,
    nextUpdateDueAt,
    mergedInto,
    report: incident.reportState,
  }
}

const pageSize = 50

/**
 * Incidents, open ones first, then a page of those that were, newest first; the number of queries does not grow with
 * the rows. Throws ExpectedError when the store is away.
 */
export async function readIncidents(source: ViewSource, query: IncidentListQuery = {}): Promise<IncidentListView> {
  const { store } = source
  const db = store.prisma
  const { before, openOnly, ...wanted } = query
  const filter = { ...wanted, environment: source.environment.name, limit: pageSize }
  const [open, closed, alerts] = await Promise.all([
    before === undefined ? listIncidents(db, { ...filter, open: true }) : [],
    openOnly ? [] : listIncidents(db, { ...filter, open: false, ...(before === undefined ? {} : { before }) }),
    before === undefined ? listOpenAlerts(db, source.environment.name) : { total: 0, groups: [] },
  ])
  const incidents = [...open, ...closed]
  const numbers = incidents.map(({ number }) => number)
  const now = source.now()
  const [roles, runs, proved] = await Promise.all([
    readRoles(db, numbers),
    readMeasured(source, numbers),
    provedWrites(
      store,
      closed.map(({ number }) => number),
    ),
  ])
  return {
    items: incidents.map((incident) => {
      const own = (runs.get(incident.number) ?? []).map((run) => ({ ...run, forecast: null }))
      const clocks = clocksFrom(
        source,
        incident,
        own,
        { provedAt: proved.get(incident.number) ?? null, downtime: null },
        now,
      )
      return {
        ...summaryOf(incident, roles.get(incident.number)),
        durationMs: clocks.rto.elapsedMs,
        rto: {
          verdict: clocks.rto.verdict,
          attainedMs: clocks.restoredAt === null ? null : clocks.rto.elapsedMs,
        },
        rpo: { verdict: clocks.rpo.verdict, attainedMs: clocks.rpo.state === 'fixed' ? clocks.rpo.atMostMs : null },
      }
    }),
    before: closed.length === pageSize ? (closed.at(-1)?.number ?? null) : null,
    alerts,
  }
}
