import { castmatch } from '../config/castmatch'
import { monthOf } from '../domain/cluster/availability'
import { nextWriter } from '../domain/cluster/candidates'
import type { Incident } from '../domain/incident/incident'
import { isOpen } from '../domain/incident/status'
import type { ClocksView } from '../domain/incident/view'
import { clocksOf, type Downtime, type RunTimes } from '../domain/objectives'
import { type CatalogueEntry, wayOf } from '../domain/procedure/catalogue'
import { type Forecast, forecastOf, wholeOf } from '../domain/run/remaining'
import type { Run } from '../domain/run/run'
import { isAtRest, takesDecisions } from '../domain/run/stage'
import { runIsOver, stepIsSettled } from '../domain/run/states'
import { catalogue } from '../procedures/index'
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

/** The catalogue with what each procedure takes here: by past runs where there are enough of them. Throws ExpectedError. */
export async function readCatalogueOf(source: ViewSource): Promise<readonly CatalogueEntry[]> {
  return Promise.all(
    catalogue.map(async (entry) => {
      // Ways differ too much for one figure of all of them.
      if (entry.slug === null || entry.ways) return entry
      const { basis: estimateBasis, ...estimate } = wholeOf(entry.estimate, (await pastOf(source, entry.slug)).whole)
      return { ...entry, estimate, estimateBasis }
    }),
  )
}

/** What remains of a run: the one estimate of it that any screen shows. Throws ExpectedError. */
export async function readForecast(source: ViewSource, run: Run, now: number): Promise<Forecast> {
  const { steps: own, whole } = await pastOf(source, run.procedureId)
  const definitions = stepsOf(source, run)
  const entry = catalogue.find(({ slug }) => slug === run.procedureId)
  const way = entry ? wayOf(entry, run.inputs) : null
  return forecastOf(
    {
      state: run.state,
      restoredAt: timesOfRun(run).restoredAt,
      undecided: run.steps.some((step) => isAtRest(step.state) && takesDecisions(run, step)),
    },
    run.steps.map((step) => ({
      settled: stepIsSettled(step.state),
      estimate: definitions.get(step.stepId)?.estimate ?? null,
      own: own.get(step.stepId) ?? null,
      runningMs: step.startedAt === null ? 0 : Math.max(0, now - step.startedAt),
      stage: step.stage,
    })),
    wholeOf(way?.estimate ?? entry?.estimate ?? { lowSeconds: 0, highSeconds: 0 }, way ? null : whole),
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
      forecast: runIsOver(run.state) ? null : await readForecast(source, run, now),
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
