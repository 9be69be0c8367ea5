import { castmatch } from '../config/castmatch'
import { monthOf } from '../domain/cluster/availability'
import { nextWriter } from '../domain/cluster/candidates'
import type { Incident } from '../domain/incident/incident'
import { isOpen } from '../domain/incident/status'
import type { ClocksView } from '../domain/incident/view'
import { clocksOf, type Downtime, type RunTimes } from '../domain/objectives'
import { type Remaining, remainingOf } from '../domain/run/remaining'
import type { Run } from '../domain/run/run'
import { runIsOver, stepIsSettled } from '../domain/run/states'
import type { Store } from '../store/client'
import { downMinutes, type PastFigures, pastFigures, provedWrites } from '../store/incident-runs'
import { listRuns } from '../store/run'
import { stepsOf, type ViewSource } from './context'
import { presentPicture } from './detection'
import { timesOfRun } from './measures'

/** Runs of an incident that changed the world, oldest first. Throws ExpectedError. */
export async function runsOf(source: ViewSource, number: number): Promise<Run[]> {
  const runs = await listRuns(source.store, {
    environment: source.environment.name,
    incidentNumber: number,
    limit: 50,
  })
  return runs.filter(({ mode }) => mode !== 'dry-run').toSorted((a, b) => a.startedAt - b.startedAt)
}

/** Figures of past runs change when a run ends; every viewer asks every two seconds. */
const figuresKeptMs = 30_000
const figures = new WeakMap<Store, Map<string, { at: number; value: Promise<PastFigures> }>>()
/** What a procedure and its steps took in finished runs here; half a minute old at most. Throws ExpectedError. */
export function pastOf(source: ViewSource, slug: string): Promise<PastFigures> {
  const { store, environment } = source
  const now = source.now()
  const own = figures.get(store) ?? new Map()
  figures.set(store, own)
  const kept = own.get(slug)
  if (kept && now - kept.at < figuresKeptMs) return kept.value
  const value = pastFigures(store, environment.name, slug)
  own.set(slug, { at: now, value })
  value.catch(() => own.delete(slug))
  return value
}

async function remaining(source: ViewSource, run: Run, now: number): Promise<Remaining> {
  const { steps: own } = await pastOf(source, run.procedureId)
  const definitions = stepsOf(source, run)
  return remainingOf(
    run.steps
      .filter((step) => !stepIsSettled(step.state))
      .map((step) => ({
        estimate: definitions.get(step.stepId)?.estimate ?? null,
        own: own.get(step.stepId) ?? null,
        runningMs: step.startedAt === null ? 0 : Math.max(0, now - step.startedAt),
        stage: step.stage,
      })),
  )
}

/** The clocks of an incident with its runs, from everything that is known of them. Throws ExpectedError. */
export async function readClocks(
  source: ViewSource,
  incident: Incident,
  runs: Run[],
  now: number,
): Promise<ClocksView> {
  const { resolvedAt, impactStartedAt } = incident
  const times: RunTimes[] = await Promise.all(
    runs.map(async (run) => ({
      ...timesOfRun(run),
      remaining: runIsOver(run.state) ? null : await remaining(source, run, now),
    })),
  )
  const restored = times.findLast((run) => run.restoredAt !== null)?.restoredAt ?? null
  const { store } = source
  const environment = source.environment.name
  const month = monthOf(impactStartedAt)
  const [own, whole, proved] = await Promise.all([
    downMinutes(store, environment, impactStartedAt, restored ?? resolvedAt ?? now),
    downMinutes(store, environment, month.fromMs, Math.min(now, month.toMs - 1)),
    resolvedAt !== null && restored === null ? provedWrites(store, [incident.number]) : null,
  ])
  return clocksFrom(
    source,
    incident,
    times,
    { provedAt: proved?.get(incident.number) ?? null, downtime: { ...own, monthDown: whole.down } },
    now,
  )
}

/** The same from what was read before, for many incidents at once. */
export function clocksFrom(
  source: ViewSource,
  incident: Incident,
  runs: RunTimes[],
  { provedAt, downtime }: { provedAt: number | null; downtime: Downtime | null },
  now: number,
): ClocksView {
  const picture = isOpen(incident.status) ? presentPicture(source) : null
  return clocksOf(
    {
      impactStartedAt: incident.impactStartedAt,
      detectedAt: incident.detectedAt,
      declaredAt: incident.declaredAt,
      // A duplicate ends where it was merged away; the clocks of its trouble run in the other incident.
      resolvedAt: incident.status === 'merged' ? (incident.statusTimes.at(-1)?.at ?? null) : incident.resolvedAt,
      damaged: incident.scenario === 'S2' || incident.scenario === 'S4',
      runs,
      provedAt,
      downtime,
      candidate: picture ? nextWriter(picture.candidates) : null,
    },
    castmatch.objectives,
    now,
  )
}
