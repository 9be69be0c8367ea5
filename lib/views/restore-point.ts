import { incidentLabel } from '../domain/incident/labels'
import { damageAbout, pointDamage } from '../domain/restore-point/about'
import {
  damageMarks,
  heartbeatGaps,
  marksWithin,
  type PointMark,
  type RestorePointView,
} from '../domain/restore-point/marks'
import { withNarrowed } from '../domain/restore-point/narrowed'
import { boundsOfAll, windowOf } from '../domain/restore-point/window'
import { lagHistoryStore } from '../store/history'
import { listIncidents } from '../store/incident'
import { readHeartbeatMinutes, readNarrowed } from '../store/restore-point'
import { listRuns } from '../store/run'
import type { ViewSource } from './context'

/** As many of the newest incidents and runs are checked for those inside the window. */
const newest = 100

/**
 * The restore window with what happened inside it, by which people find the point to restore to. Facts that nobody observes
 * are named as such. The damage is that which the incident is about; without a number, the one incident that is open. Throws
 * ExpectedError.
 */
export async function readRestorePoint(source: ViewSource, incident: number | null = null): Promise<RestorePointView> {
  const { store, environment, installation } = source
  const at = source.now()
  const snapshot = source.snapshot()
  const findings = snapshot?.diagnosis.damage?.findings ?? []
  const window = windowOf(snapshot?.backups ?? null)
  const incidents = await listIncidents(store.prisma, { environment: environment.name, limit: newest })
  const { about, others } = damageAbout(findings, scenarioOf(incidents, incident))
  const bounds = boundsOfAll(about)
  const searched = window.known ? await readNarrowed(store, environment.name, window.earliestAt) : []
  const shared = {
    at,
    zone: installation.reviewZone,
    window,
    damage: withNarrowed(bounds, searched, at),
    about: about.map(pointDamage),
    others: others.map(pointDamage),
    lastHeartbeatAt: snapshot?.lastHeartbeatAt ?? null,
    notObserved: [
      ...(environment.kubernetes ? [] : ['Deployments are not observed: no Kubernetes is set up.']),
      'Schema changes (DDL) are observed on critical tables only.',
    ],
  }
  if (!window.known) return { ...shared, marks: [], leftOut: 0 }
  const { name } = environment
  const [marks, minutes, runs] = await Promise.all([
    lagHistoryStore(store).readMarks(name, window.earliestAt, at),
    readHeartbeatMinutes(store, name, window.earliestAt, at),
    listRuns(store, { environment: name, limit: newest }),
  ])
  const found: PointMark[] = [
    ...damageMarks(shared.damage),
    ...findings.flatMap(({ signs }) =>
      signs.map(({ firstBadAt, says }): PointMark => ({ kind: 'damage', at: firstBadAt, until: null, text: says })),
    ),
    ...heartbeatGaps(minutes),
    ...marks.flatMap(({ kind, at, text }): PointMark[] =>
      kind === 'deployment' || kind === 'event'
        ? [{ kind: kind === 'event' ? 'database-event' : kind, at, until: null, text }]
        : [],
    ),
    ...incidents.map(
      ({ number, title, impactStartedAt, resolvedAt }): PointMark => ({
        kind: 'incident',
        at: impactStartedAt,
        until: resolvedAt ?? at,
        text: `${incidentLabel(number)} ${title}`,
      }),
    ),
    ...runs
      .filter(({ mode }) => mode !== 'dry-run')
      .map(
        ({ title, startedAt, finishedAt }): PointMark => ({
          kind: 'run',
          at: startedAt,
          until: finishedAt ?? at,
          text: title,
        }),
      ),
  ]
  return { ...shared, ...marksWithin(found, window, at) }
}

/** What the incident with this number is about; without one, the only one that is open. */
function scenarioOf(
  incidents: readonly { number: number; scenario: string; resolvedAt: number | null }[],
  number: number | null,
): string | null {
  if (number !== null) return incidents.find((one) => one.number === number)?.scenario ?? null
  const open = incidents.filter(({ resolvedAt }) => resolvedAt === null)
  return open.length === 1 ? (open[0]?.scenario ?? null) : null
}
