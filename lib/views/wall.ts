import type { Incident } from '../domain/incident/incident'
import { roleLabels } from '../domain/incident/labels'
import { nextOf } from '../domain/incident/path'
import type { Run } from '../domain/run/run'
import { atWorkBeside, isAtRest, shownStepId } from '../domain/run/stage'
import { runIsOver } from '../domain/run/states'
import { byGravity } from '../domain/wall/order'
import type { WallIncidentView, WallRun, WallView, WallWait } from '../domain/wall/view'
import { countChecklist } from '../store/checklist'
import { listIncidents, readRoles } from '../store/incident'
import { readTimeline } from '../store/timeline'
import { stepsOf, type ViewSource } from './context'
import { readClocks, runsOf } from './incident-clocks'
import { pathFor } from './incident-path'
import { brokenGlassOf } from './run'
import { readReadiness } from './wall-readiness'

/** What the wall shows from the record: the gravest open incident, and the readiness board. Throws ExpectedError. */
export async function readWall(source: ViewSource): Promise<Omit<WallView, 'heldSince' | 'build'>> {
  const { environment } = source
  const db = source.store.prisma
  const now = source.now()
  const [incident, ...others] = byGravity(
    await listIncidents(db, { environment: environment.name, open: true, limit: 20 }),
  )
  const [shown, readiness] = await Promise.all([
    incident ? readShown(source, incident, now) : null,
    readReadiness(source, now),
  ])
  return {
    environment: { name: environment.name, kind: environment.kind },
    now,
    incident: shown,
    others: others.map(({ number, kind, severity, title }) => ({ number, kind, severity, title })),
    readiness,
  }
}

async function readShown(source: ViewSource, incident: Incident, now: number): Promise<WallIncidentView> {
  const db = source.store.prisma
  const { number, title, kind, severity, status, nextUpdateDueAt } = incident
  const [roles, runs, page, checklist] = await Promise.all([
    readRoles(db, [number]),
    runsOf(source, number),
    readTimeline(source.store, { number, scope: 'story', limit: 5 }),
    countChecklist(db, number),
  ])
  const held = roles.get(number) ?? []
  const commander = held.find(({ role }) => role === 'commander')?.holder?.name ?? null
  const clocks = await readClocks(source, incident, runs, now)
  const active = runs.findLast(({ state }) => !runIsOver(state))
  return {
    number,
    title,
    kind,
    severity,
    status,
    clocks: {
      impactStartedAt: clocks.impactStartedAt,
      restoredAt: clocks.restoredAt,
      resolvedAt: clocks.resolvedAt,
      now: clocks.now,
      rto: clocks.rto,
      rpo: clocks.rpo,
    },
    roles: held.map(({ role, holder }) => ({ role, label: roleLabels[role], holder: holder?.name ?? null })),
    story: page.entries.map(({ id, occurredAt, text, kind }) => ({ id, at: occurredAt, text, kind })),
    nextUpdateDueAt,
    checklist,
    run: active ? runOnWall(source, active) : null,
    next: nextOf(pathFor(source, incident, commander, runs, checklist)),
    path: `/incidents/${number}`,
  }
}

function runOnWall(source: ViewSource, run: Run): WallRun {
  const step = run.steps.find(({ stepId }) => stepId === shownStepId(run))
  const estimate = step ? (stepsOf(source, run).get(step.stepId)?.estimate ?? null) : null
  const open = run.approvals.filter(({ state }) => state === 'open')
  const asked = open.find(({ stepId }) => stepId === step?.stepId) ?? open[0]
  const waitingFor = waitOf(run, step)
  return {
    title: run.title,
    sentence: run.sentence,
    alone: brokenGlassOf(run)?.decidedBy?.name ?? null,
    step: step
      ? {
          number: step.index + 1,
          of: run.steps.length,
          title: step.title,
          state: step.state,
          estimate,
          startedAt: step.startedAt,
          besides: atWorkBeside(run.steps, step).map(({ title }) => title),
        }
      : null,
    waitingFor,
    waitingSince: run.waitingSince ?? (waitingFor ? (step?.since ?? null) : null),
    asked: waitingFor === 'approval' && asked ? { title: asked.title, expiresAt: asked.expiresAt } : null,
  }
}

/** Whom or what a run waits for, also with one of several steps at the same time; null while it goes on by itself. */
function waitOf(run: Run, step: Run['steps'][number] | undefined): WallWait | null {
  switch (run.state) {
    case 'waiting':
      return 'approval'
    case 'needs-person':
      return 'decision'
    case 'paused':
      return 'resume'
    case 'running':
      if (!step?.stage) return null
      return step.state === 'waiting' ? 'approval' : isAtRest(step.state) ? 'decision' : null
    default:
      return null
  }
}
