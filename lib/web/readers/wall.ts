import 'server-only'
import { checklistItems } from '../../domain/checklist/items'
import { ExpectedError } from '../../domain/errors'
import { type Incident, roleLabels } from '../../domain/incident/incident'
import { nextOf } from '../../domain/incident/path'
import type { Run } from '../../domain/run/run'
import { atWorkBeside, isAtRest, shownStepId } from '../../domain/run/stage'
import { runIsOver } from '../../domain/run/states'
import { byGravity } from '../../domain/wall/order'
import { type WallPicture, wallPicture } from '../../domain/wall/picture'
import type { WallIncidentView, WallLag, WallRun, WallView, WallWait } from '../../domain/wall/view'
import { procedureBySlug } from '../../procedures/index'
import { countPassed } from '../../store/checklist'
import { listIncidents, readRoles } from '../../store/incident'
import { readTimeline } from '../../store/timeline'
import { buildId } from '../build'
import { cookieValue, wallCookie } from '../cookies'
import { webEnv } from '../env'
import { sharedReading } from '../held'
import { liveHub } from '../hub'
import { refusal } from '../run-action'
import { currentSession } from '../session'
import { webStore } from '../store'
import { wallAccess } from '../wall-access'
import { readClocks, runsOf } from './incident-clocks'
import { pathFor } from './incident-path'
import { brokenGlassOf } from './run'
import { readReadiness } from './wall-readiness'

/** Walls that ask within this time get one reading. */
const freshMs = 100
/** Then the last reading is shown, and said to be old. */
const patienceMs = 1500
const lagSpanMs = 15 * 60_000

// One a process, however many bundles hold this module.
const kept = globalThis as {
  warroomWall?: { opensUntil: ReturnType<typeof wallAccess>; read: ReturnType<typeof sharedReading<WallView>> }
}
function wall() {
  kept.warroomWall ??= {
    opensUntil: wallAccess(webStore(), webEnv().environment.name, Date.now),
    read: sharedReading(readFresh, freshMs, patienceMs, Date.now),
  }
  return kept.warroomWall
}

/** Until when the token of a link opens the wall, ms; null when it does not. Throws ExpectedError when the store is away. */
export const wallOpensUntil = (token: string | null): Promise<number | null> => wall().opensUntil(token)

/** Answers one look at the wall as JSON: to whoever is signed in, and to a screen with the cookie of a link that stands. */
export async function answerWall<T>(request: Request, readFor: () => Promise<T>): Promise<Response> {
  const headers = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }
  try {
    const token = cookieValue(request.headers.get('cookie'), wallCookie(webEnv().NEXTAUTH_URL))
    if ((await wallOpensUntil(token)) === null && (await currentSession()) === null) {
      const error = token
        ? 'This wall link has expired or was revoked.'
        : 'This screen has no wall link. Open it with one, or sign in.'
      return Response.json({ error }, { status: 401, headers })
    }
    return Response.json(await readFor(), { headers })
  } catch (error) {
    return Response.json({ error: refusal(error).message }, { status: 503, headers })
  }
}

/** What the wall shows: the gravest open incident, or the readiness board; the last of it while the store is away. */
async function readWall(): Promise<WallView> {
  const { value, heldSince } = await wall().read()
  return { ...value, now: Date.now(), heldSince }
}

/** The whole answer to a wall: the record's part, and the cluster as the collector sees it now. Throws ExpectedError. */
export async function readWallAnswer(): Promise<{ wall: WallView; picture: WallPicture | null }> {
  const wall = await readWall()
  const snapshot = liveHub().snapshot()
  return { wall, picture: snapshot ? wallPicture(snapshot) : null }
}

/**
 * Lag of the last 15 minutes for the wall's charts: seconds of each node, no bytes and no marks. Throws ExpectedError
 * 'unavailable'.
 */
export async function readWallLag(): Promise<WallLag> {
  const toMs = Date.now()
  const { stepMs, at, series } = await liveHub()
    .history({ fromMs: toMs - lagSpanMs, toMs, maxPoints: 450 })
    .catch((cause) => {
      throw new ExpectedError('unavailable', 'The history cannot be read now: no runner responds.', { cause })
    })
  const seconds = Object.fromEntries(Object.entries(series).map(([id, lag]) => [id, lag.seconds]))
  return { fromMs: toMs - lagSpanMs, toMs, stepMs, at, seconds }
}

async function readFresh(): Promise<WallView> {
  const db = webStore().prisma
  const { environment } = webEnv()
  const now = Date.now()
  const [incident, ...others] = byGravity(
    await listIncidents(db, { environment: environment.name, open: true, limit: 20 }),
  )
  const [shown, readiness] = await Promise.all([incident ? readShown(incident, now) : null, readReadiness(now)])
  return {
    environment: { name: environment.name, kind: environment.kind },
    now,
    heldSince: null,
    incident: shown,
    others: others.map(({ number, kind, severity, title }) => ({ number, kind, severity, title })),
    readiness,
    build: buildId(),
  }
}

async function readShown(incident: Incident, now: number): Promise<WallIncidentView> {
  const db = webStore().prisma
  const { number, title, kind, severity, status, nextUpdateDueAt } = incident
  const [roles, runs, page, passed] = await Promise.all([
    readRoles(db, [number]),
    runsOf(number),
    readTimeline(webStore(), { number, scope: 'story', limit: 5 }),
    countPassed(db, number),
  ])
  const held = roles.get(number) ?? []
  const commander = held.find(({ role }) => role === 'commander')?.holder?.name ?? null
  const checklist = { passed, of: checklistItems.length }
  const clocks = await readClocks(incident, runs, now)
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
    run: active ? runOnWall(active) : null,
    next: nextOf(pathFor(incident, commander, runs, checklist)),
    path: `/incidents/${number}`,
  }
}

function runOnWall(run: Run): WallRun {
  const step = run.steps.find(({ stepId }) => stepId === shownStepId(run))
  const estimate = step
    ? (procedureBySlug(run.procedureId)
        ?.steps(webEnv().environment)
        .find(({ id }) => id === step.stepId)?.estimate ?? null)
    : null
  const asked =
    run.approvals.find(({ state, stepId }) => state === 'open' && stepId === step?.stepId) ??
    run.approvals.find(({ state }) => state === 'open')
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
    waitingFor: waitOf(run, step),
    waitingSince: run.waitingSince ?? (waitOf(run, step) ? (step?.since ?? null) : null),
    asked: waitOf(run, step) === 'approval' && asked ? { title: asked.title, expiresAt: asked.expiresAt } : null,
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
