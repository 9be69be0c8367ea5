import 'server-only'
import { castmatch } from '../../config/castmatch'
import { checklistItems } from '../../domain/checklist/items'
import { roleLabels } from '../../domain/incident/incident'
import { nextOf } from '../../domain/incident/path'
import type { WallView } from '../../domain/incident/view'
import { runIsOver } from '../../domain/run/states'
import { procedureBySlug } from '../../procedures/index'
import { countPassed } from '../../store/checklist'
import { listIncidents, readRoles } from '../../store/incident'
import { readTimeline } from '../../store/timeline'
import { wallLinkStands } from '../../store/wall'
import { webEnv } from '../env'
import { currentSession } from '../session'
import { webStore } from '../store'
import { readClocks, runsOf } from './incident-clocks'
import { pathFor } from './incident-path'
import { aloneIn } from './run'

/** Somebody signed in, or a link that stands, may look at the wall. Throws ExpectedError when the store is away. */
export async function mayLookAtWall(link: string | null): Promise<boolean> {
  if (link && link.length <= 100 && (await wallLinkStands(webStore().prisma, link, Date.now()))) return true
  return (await currentSession()) !== null
}

/** Rises with a new build: the wall reloads itself. */
const build = process.env.npm_package_version ?? '0'
const severityOrder = ['SEV1', 'SEV2', 'SEV3']

/** What the wall shows: the gravest open incident, or the readiness board. Throws ExpectedError. */
export async function readWall(): Promise<WallView> {
  const db = webStore().prisma
  const { environment } = webEnv()
  const open = await listIncidents(db, { environment: environment.name, open: true, limit: 20 })
  // A real one before a drill, then by severity, then the newest.
  const incident = open.toSorted(
    (a, b) =>
      Number(a.kind === 'drill') - Number(b.kind === 'drill') ||
      severityOrder.indexOf(a.severity) - severityOrder.indexOf(b.severity) ||
      b.number - a.number,
  )[0]
  const now = Date.now()
  const review = Date.parse(`${castmatch.runbook.nextReview}T00:00:00Z`)
  const base: WallView = {
    environment: { name: environment.name, kind: environment.kind },
    now,
    incident: null,
    readiness: {
      lastProvedRestoreAt: null,
      nextDrillAt: null,
      runbookReviewDueAt: review,
      runbookOverdue: now > review,
      onCall: `${castmatch.escalation[0]?.role ?? ''}: ${castmatch.escalation[0]?.name ?? ''}`,
    },
    build,
  }
  if (!incident) return base
  const { number } = incident
  const [roles, runs, page, passed] = await Promise.all([
    readRoles(db, [number]),
    runsOf(number),
    readTimeline(webStore(), { number, scope: 'story', limit: 5 }),
    countPassed(db, number),
  ])
  const held = roles.get(number) ?? []
  const commander = held.find(({ role }) => role === 'commander')?.holder?.name ?? null
  const checklist = { passed, of: checklistItems.length }
  const run = runs.findLast(({ state }) => !runIsOver(state))
  const step = run?.steps.find(({ stepId }) => stepId === run.currentStepId)
  const estimate =
    run && step
      ? (procedureBySlug(run.procedureId)
          ?.steps(environment)
          .find(({ id }) => id === step.stepId)?.estimate ?? null)
      : null
  return {
    ...base,
    incident: {
      number,
      title: incident.title,
      kind: incident.kind,
      severity: incident.severity,
      status: incident.status,
      scenario: incident.scenario,
      clocks: await readClocks(incident, runs, now),
      roles: held.map(({ role, holder }) => ({ role, label: roleLabels[role], holder: holder?.name ?? null })),
      story: page.entries.map(({ id, occurredAt, text, kind }) => ({ id, at: occurredAt, text, kind })),
      nextUpdateDueAt: incident.nextUpdateDueAt,
      checklist,
      run: run
        ? {
            id: run.id,
            title: run.title,
            sentence: run.sentence,
            alone: aloneIn(run),
            step: step
              ? { number: step.index + 1, of: run.steps.length, title: step.title, estimate, startedAt: step.startedAt }
              : null,
            waitingFor:
              run.state === 'waiting'
                ? 'a second person to approve'
                : run.state === 'needs-person'
                  ? 'a decision'
                  : run.state === 'paused'
                    ? 'somebody to resume'
                    : null,
            waitingSince: run.waitingSince,
          }
        : null,
      next: nextOf(pathFor(incident, commander, runs, checklist)),
      path: `/incidents/${number}`,
    },
  }
}
