import { castmatch } from '../config/castmatch'
import { reachable } from '../domain/escalation'
import type { WallReadiness } from '../domain/wall/view'
import { listIncidents } from '../store/incident'
import type { ViewSource } from './context'
import { readMeasured } from './measures'

/** What the record knows of being ready, and the first level of the matrix. Throws ExpectedError. */
export async function readReadiness(source: ViewSource, now: number): Promise<WallReadiness> {
  const { store } = source
  const environment = source.environment.name
  const over = { environment, open: false, limit: 1 }
  const [[drill], [newest]] = await Promise.all([
    listIncidents(store.prisma, { ...over, kind: 'drill' }),
    listIncidents(store.prisma, over),
  ])
  const ended = drill?.resolvedAt ?? null
  const runs = drill && ended !== null ? await readMeasured(source, [drill.number]) : null
  const restoredAt = drill
    ? (runs?.get(drill.number)?.findLast((run) => run.restoredAt !== null)?.restoredAt ?? null)
    : null
  const first = castmatch.escalation[0]
  const reach = first ? reachable(first.availability, now) : null
  const { version, owner, nextReview } = castmatch.runbook
  return {
    lastProvedRestoreAt: null,
    nextDrillAt: null,
    lastDrill:
      drill && ended !== null
        ? {
            number: drill.number,
            endedAt: ended,
            rtoMs: restoredAt === null ? null : Math.max(0, restoredAt - drill.impactStartedAt),
          }
        : null,
    lastIncident:
      newest && newest.resolvedAt !== null
        ? { number: newest.number, kind: newest.kind, endedAt: newest.resolvedAt }
        : null,
    runbook: { version, owner, reviewDueAt: Date.parse(`${nextReview}T00:00:00Z`) },
    onCall: {
      role: first?.role ?? '',
      name: first?.name ?? '',
      reachable: reach?.now ?? false,
      words: reach?.words ?? '',
    },
  }
}
