import 'server-only'
import { castmatch } from '../../config/castmatch'
import { monthOf } from '../../domain/cluster/availability'
import type { Incident } from '../../domain/incident/incident'
import { isOpen } from '../../domain/incident/status'
import type { ClocksView } from '../../domain/incident/view'
import { clocksOf, type Downtime, type RunTimes } from '../../domain/objectives'
import { type Remaining, remainingOf } from '../../domain/run/remaining'
import type { Run } from '../../domain/run/run'
import { runIsOver, stepIsSettled } from '../../domain/run/states'
import { procedureBySlug } from '../../procedures/index'
import { downMinutes, type PastFigures, pastFigures, provedWrites } from '../../store/incident-runs'
import { listRuns } from '../../store/run'
import { webEnv } from '../env'
import { webStore } from '../store'
import { presentPicture } from './detection'

/** Runs of an incident that changed the world, oldest first. Throws ExpectedError. */
export async function runsOf(number: number): Promise<Run[]> {
  const runs = await listRuns(webStore(), {
    environment: webEnv().environment.name,
    incidentId: String(number),
    limit: 50,
  })
  return runs.filter(({ mode }) => mode !== 'dry-run').toSorted((a, b) => a.startedAt - b.startedAt)
}

/** Figures of past runs change when a run ends; every viewer asks every two seconds. */
const figuresKeptMs = 30_000
const figures = new Map<string, { at: number; value: Promise<PastFigures> }>()
/** What a procedure and its steps took in finished runs here; half a minute old at most. Throws ExpectedError. */
export function pastOf(slug: string, now: number): Promise<PastFigures> {
  const kept = figures.get(slug)
  if (kept && now - kept.at < figuresKeptMs) return kept.value
  const value = pastFigures(webStore(), webEnv().environment.name, slug)
  figures.set(slug, { at: now, value })
  value.catch(() => figures.delete(slug))
  return value
}

async function remaining(run: Run, now: number): Promise<Remaining> {
  const { steps: own } = await pastOf(run.procedureId, now)
  const definitions = new Map(
    procedureBySlug(run.procedureId)
      ?.steps(webEnv().environment)
      .map((step) => [step.id, step.estimate]),
  )
  return remainingOf(
    run.steps
      .filter((step) => !stepIsSettled(step.state))
      .map((step) => ({
        estimate: definitions.get(step.stepId) ?? null,
        own: own.get(step.stepId) ?? null,
        runningMs: step.startedAt === null ? 0 : Math.max(0, now - step.startedAt),
        stage: step.stage,
      })),
  )
}

const fact = (run: Run, name: string) => (typeof run.facts[name] === 'number' ? (run.facts[name] as number) : null)

/** The clocks of an incident with its runs, from everything that is known of them. Throws ExpectedError. */
export async function readClocks(incident: Incident, runs: Run[], now: number): Promise<ClocksView> {
  const { resolvedAt, impactStartedAt } = incident
  const times: RunTimes[] = await Promise.all(
    runs.map(async (run) => ({
      startedAt: run.startedAt,
      impactAt: fact(run, 'impactAt'),
      detectedAt: fact(run, 'detectedAt'),
      restoredAt: fact(run, 'restoredAt'),
      lossSeconds: fact(run, 'lossSeconds'),
      lostCommits: fact(run, 'lostCommits'),
      remaining: runIsOver(run.state) ? null : await remaining(run, now),
    })),
  )
  const restored = times.findLast((run) => run.restoredAt !== null)?.restoredAt ?? null
  const environment = webEnv().environment.name
  const month = monthOf(impactStartedAt)
  const [own, whole, proved] = await Promise.all([
    downMinutes(webStore(), environment, impactStartedAt, restored ?? resolvedAt ?? now),
    downMinutes(webStore(), environment, month.fromMs, Math.min(now, month.toMs - 1)),
    resolvedAt !== null && restored === null ? provedWrites(webStore(), [incident.number]) : null,
  ])
  return clocksFrom(
    incident,
    times,
    { provedAt: proved?.get(incident.number) ?? null, downtime: { ...own, monthDown: whole.down } },
    now,
  )
}

/** The same from what was read before, for many incidents at once. */
export function clocksFrom(
  incident: Incident,
  runs: RunTimes[],
  { provedAt, downtime }: { provedAt: number | null; downtime: Downtime | null },
  now: number,
): ClocksView {
  const picture = isOpen(incident.status) ? presentPicture(now) : null
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
      candidate: picture?.candidates.find(({ best }) => best) ?? null,
    },
    castmatch.objectives,
    now,
  )
}
