import 'server-only'
import { castmatch } from '../../config/castmatch'
import { checklistItems } from '../../domain/checklist/items'
import type { ProcedureKey } from '../../domain/cluster/types'
import { decisionSheet, runbookProcedures } from '../../domain/incident/decision'
import { type Incident, type RoleHolding, roleLabels, updateEveryMinutes } from '../../domain/incident/incident'
import { nextOf, pathOf } from '../../domain/incident/path'
import { suggestSeverity } from '../../domain/incident/severity'
import { isOpen, movesFrom } from '../../domain/incident/status'
import type { IncidentSummary } from '../../domain/incident/types'
import { updateTemplates } from '../../domain/incident/update-templates'
import type {
  ChecklistState,
  ChecklistView,
  ClocksView,
  DeclareView,
  IncidentListView,
  IncidentView,
  PersonRef,
  Right,
  TimelinePage,
  TimelineQuery,
} from '../../domain/incident/view'
import { clocksOf } from '../../domain/objectives'
import { may, type Permission, roleNeededFor } from '../../domain/people/permissions'
import type { Run } from '../../domain/run/run'
import { runIsOver, stepIsSettled } from '../../domain/run/states'
import { procedureBySlug, procedures } from '../../procedures/index'
import { listOpenAlerts } from '../../store/alert'
import { readChecklist, readEvidence } from '../../store/checklist'
import { listIncidents, listTasks, readIncident, readRoles } from '../../store/incident'
import { listUpdates } from '../../store/page'
import { listAccounts } from '../../store/people'
import { listRuns } from '../../store/run'
import { readTimeline } from '../../store/timeline'
import { listWallLinks } from '../../store/wall'
import { webEnv } from '../env'
import type { CurrentSession } from '../session-reader'
import { webStore } from '../store'
import { presentPicture } from './detection'
import { readEscalationOf } from './escalation'
import { readRuns } from './run'

type Person = CurrentSession['person']
const db = () => webStore().prisma

export const rightTo = (person: Person, permission: Permission): Right =>
  may(person.role, permission)
    ? { allowed: true, why: null }
    : { allowed: false, why: `This needs the role ${roleNeededFor(permission)}.` }
const unless = (right: Right, why: string | null): Right => (right.allowed && why ? { allowed: false, why } : right)

/** People who may sign in, the viewer first. */
export async function readPeople(me: Person): Promise<PersonRef[]> {
  const accounts = await listAccounts(db())
  const others = accounts.filter((a) => a.disabledAt === null && a.id !== me.id && may(a.role, 'declare'))
  return [{ id: me.id, name: me.name }, ...others.map(({ id, name }) => ({ id, name }))]
}

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
  }
}

/** Steps that remain of a run, by the runbook's estimates. */
function remainingOf(run: Run) {
  const definitions = new Map(
    procedureBySlug(run.procedureId)
      ?.steps(webEnv().environment)
      .map((step) => [step.id, step.estimate]),
  )
  const open = run.steps.filter((step) => !stepIsSettled(step.state)).map((step) => definitions.get(step.stepId))
  const sum = (of: 'lowSeconds' | 'highSeconds') => open.reduce((total, estimate) => total + (estimate?.[of] ?? 0), 0)
  return { lowSeconds: sum('lowSeconds'), highSeconds: sum('highSeconds') }
}

const time = (run: Run, name: string) => (typeof run.facts[name] === 'number' ? (run.facts[name] as number) : null)

/** Runs of an incident that changed the world, oldest first. */
export async function runsOf(number: number): Promise<Run[]> {
  const runs = await listRuns(webStore(), { incidentId: String(number), limit: 50 })
  return runs.filter(({ mode }) => mode !== 'dry-run').toSorted((a, b) => a.startedAt - b.startedAt)
}

export function readClocks(incident: Incident, runs: Run[], now: number): ClocksView {
  const picture = isOpen(incident.status) ? presentPicture(now) : null
  const damaged = incident.scenario === 'S2' || incident.scenario === 'S4'
  return clocksOf(
    {
      impactStartedAt: incident.impactStartedAt,
      detectedAt: incident.detectedAt,
      declaredAt: incident.declaredAt,
      resolvedAt: incident.resolvedAt,
      damaged,
      runs: runs.map((run) => ({
        startedAt: run.startedAt,
        impactAt: time(run, 'impactAt'),
        detectedAt: time(run, 'detectedAt'),
        restoredAt: time(run, 'restoredAt'),
        lossSeconds: time(run, 'lossSeconds'),
        remaining: runIsOver(run.state) ? null : remainingOf(run),
      })),
      candidate: picture?.candidates.find(({ best }) => best) ?? null,
    },
    castmatch.objectives,
    now,
  )
}

/** The list, open ones first, newest first. Throws ExpectedError when the store is away. */
export async function readIncidents(before?: number): Promise<IncidentListView> {
  const environment = webEnv().environment.name
  const limit = 50
  const page = { environment, limit, ...(before === undefined ? {} : { before }) }
  const [open, closed, alerts] = await Promise.all([
    before === undefined ? listIncidents(db(), { environment, open: true, limit }) : [],
    listIncidents(db(), { ...page, open: false }),
    listOpenAlerts(db()),
  ])
  const incidents = [...open, ...closed]
  const now = Date.now()
  const [roles, runs] = await Promise.all([
    readRoles(
      db(),
      incidents.map(({ number }) => number),
    ),
    Promise.all(incidents.map(({ number }) => runsOf(number))),
  ])
  return {
    items: incidents.map((incident, i) => {
      const clocks = readClocks(incident, runs[i] ?? [], now)
      return {
        ...summaryOf(incident, roles.get(incident.number)),
        durationMs: clocks.rto.elapsedMs,
        rto: {
          verdict: clocks.rto.verdict,
          attainedMs: (clocks.restoredAt ?? clocks.resolvedAt) ? clocks.rto.elapsedMs : null,
        },
        rpo: { verdict: clocks.rpo.verdict, attainedMs: clocks.rpo.state === 'fixed' ? clocks.rpo.atMostMs : null },
      }
    }),
    before: closed.length === limit ? (closed.at(-1)?.number ?? null) : null,
    alerts,
  }
}

/** What the declare dialog opens with. Throws ExpectedError. */
export async function readDeclare(me: Person): Promise<DeclareView> {
  const picture = presentPicture()
  const diagnosis = picture?.diagnosis ?? null
  const wrong = diagnosis !== null && diagnosis.kind !== 'healthy' && diagnosis.kind !== 'unknown'
  const failing = new Set(picture?.votes.filter(({ vote }) => vote === 'fail').map(({ vantage }) => vantage))
  const seen: Record<string, boolean> = {
    'connect-timeout': failing.has('endpoint'),
    'pooler-failing': failing.has('pooler'),
    'app-errors': failing.has('pods') || failing.has('metrics'),
    'services-down': failing.has('rds-api') && failing.has('dr-region'),
    outage: failing.has('endpoint') && failing.has('pods'),
  }
  const [people, open] = await Promise.all([
    readPeople(me),
    listIncidents(db(), { environment: webEnv().environment.name, open: true, limit: 1 }),
  ])
  const cluster = webEnv().environment.aws.clusterId
  const impact = wrong ? Math.min(picture?.lastHeartbeatAt ?? diagnosis.since, diagnosis.since) : null
  return {
    suggestedSeverity: suggestSeverity(diagnosis),
    scenario: wrong ? diagnosis.scenario : null,
    scenarios: castmatch.scenarios.map(({ key, title, symptoms }) => ({
      key,
      title,
      symptoms: symptoms.map((s) => ({ ...s, ticked: wrong && diagnosis.scenario === key && (seen[s.id] ?? false) })),
      suggestedTitle: wrong && diagnosis.scenario === key ? diagnosis.headline.slice(0, 200) : `${title} on ${cluster}`,
    })),
    impactStartedAt: impact,
    impactReason:
      impact === null
        ? 'Nothing was detected; say when it began.'
        : picture?.lastHeartbeatAt
          ? 'The last heartbeat that the writer acknowledged.'
          : 'When the failure was first seen.',
    people,
    me: { id: me.id, name: me.name },
    right: rightTo(me, 'declare'),
    alreadyOpen: open[0] ? { number: open[0].number, title: open[0].title } : null,
  }
}

export async function readChecklistOf(number: number, open: boolean, me: Person): Promise<ChecklistView> {
  const [items, evidence] = await Promise.all([readChecklist(db(), number), readEvidence(db(), number, 5)])
  const byKey = new Map(items.map((item) => [item.key, item]))
  const mayWrite = unless(rightTo(me, 'note'), open ? null : 'This incident is over.')
  const views = checklistItems.map((definition) => {
    const item = byKey.get(definition.key)
    return {
      ...definition,
      state: (item?.state ?? 'not-run') as ChecklistState,
      says: item?.says ?? 'Nobody has looked yet.',
      checkedAt: item?.checkedAt ?? null,
      reopened: item?.reopened ?? false,
      handTick: item?.state === 'hand' ? item.hand : null,
      evidence: evidence.get(definition.key) ?? [],
      mayRun: mayWrite,
      mayTick: unless(rightTo(me, 'declare'), open ? null : 'This incident is over.'),
    }
  })
  return {
    items: views,
    passed: views.filter(({ state }) => state === 'pass' || state === 'hand').length,
    of: views.length,
    lastProbeAt: views.reduce<number | null>(
      (last, { checkedAt }) => (checkedAt === null ? last : Math.max(last ?? 0, checkedAt)),
      null,
    ),
  }
}

function rolesOf(held: RoleHolding[], open: boolean, me: Person): IncidentView['roles'] {
  const base = unless(rightTo(me, 'declare'), open ? null : 'This incident is over.')
  return held.map((h) => {
    const mine = h.holder?.id === me.id
    return {
      role: h.role,
      label: roleLabels[h.role],
      holder: h.holder,
      since: h.since,
      offeredTo: h.offeredTo,
      offeredBy: h.offeredBy,
      take: unless(base, h.holder ? (mine ? 'You have it.' : `${h.holder.name} has it.`) : null),
      offer: unless(
        base,
        h.holder && !mine && !may(me.role, 'command') ? `Only ${h.holder.name} or a commander can hand it over.` : null,
      ),
      accept: unless(base, h.offeredTo?.id === me.id ? null : 'It is not offered to you.'),
      release: unless(
        base,
        !h.holder ? 'Nobody has it.' : !mine && !may(me.role, 'command') ? `${h.holder.name} has it.` : null,
      ),
    }
  })
}

/** What runs say for the recommended path. */
function runFact(runs: Run[], asks: boolean): Parameters<typeof pathOf>[0]['run'] {
  const last = runs.at(-1)
  if (!last) return { state: 'none', title: '' }
  const state = asks
    ? 'asks'
    : last.state === 'needs-person'
      ? 'stuck'
      : last.state === 'done'
        ? 'done'
        : runIsOver(last.state)
          ? 'ended'
          : 'active'
  return { state, title: last.title }
}

export function pathFor(
  incident: Incident,
  commander: string | null,
  runs: Run[],
  checklist: { passed: number; of: number },
): IncidentView['path'] {
  const key = fittingOf(incident).find((k) => procedures.some((p) => p.key === k))
  const procedure = procedures.find((p) => p.key === key)
  return pathOf({
    status: incident.status,
    commander,
    procedure: procedure ? { key: procedure.key, title: procedure.title } : null,
    run: runFact(runs, runs.at(-1)?.state === 'waiting'),
    checklist: { passed: checklist.passed, of: checklist.of },
    report: incident.reportState,
  })
}

const fittingOf = (incident: Incident): ProcedureKey[] =>
  castmatch.scenarios.find(({ key }) => key === incident.scenario)?.procedures ?? []

/** An incident as `me` sees it. Throws ExpectedError 'not-found', 'store-unavailable'. */
export async function readIncidentFor(me: Person, number: number): Promise<IncidentView> {
  const incident = await readIncident(db(), number)
  const open = isOpen(incident.status)
  const { environment } = webEnv()
  const [roles, runs, summaries, tasks, checklist, escalation, updates, wallLinks, people, others] = await Promise.all([
    readRoles(db(), [number]),
    runsOf(number),
    readRuns({ incidentId: String(number) }),
    listTasks(db(), number),
    readChecklistOf(number, open, me),
    readEscalationOf(me, incident),
    listUpdates(db(), number),
    listWallLinks(db()),
    readPeople(me),
    listIncidents(db(), { environment: environment.name, open: true, limit: 20 }),
  ])
  const held = roles.get(number) ?? []
  const now = Date.now()
  const clocks = readClocks(incident, runs, now)
  const summary = summaryOf(incident, held)
  const commands = summary.commander?.id === me.id
  const lead: Right = commands && may(me.role, 'declare') ? { allowed: true, why: null } : rightTo(me, 'command')
  const picture = presentPicture(now)
  const path = pathFor(incident, summary.commander?.name ?? null, runs, checklist)
  const scenario = castmatch.scenarios.find(({ key }) => key === incident.scenario)
  const active = summaries.find((run) => !runIsOver(run.state) && run.mode !== 'dry-run')
  return {
    ...summary,
    version: incident.version,
    scenarioTitle: scenario?.title ?? '',
    symptoms: (scenario?.symptoms ?? []).map((s) => ({ ...s, ticked: incident.symptoms.includes(s.id) })),
    severityReason: incident.severityReason,
    moves: movesFrom(incident.status).map(({ move, to, button }) => ({
      move,
      to,
      button,
      right: move === 'resolve' || move === 'reopen' || move === 'merge' ? lead : rightTo(me, 'declare'),
    })),
    statusTimes: incident.statusTimes,
    roles: rolesOf(held, open, me),
    clocks,
    tasks,
    checklist,
    escalation,
    sheet: decisionSheet({
      scenario: incident.scenario,
      impactStartedAt: incident.impactStartedAt,
      now,
      fitting: fittingOf(incident),
      procedures: runbookProcedures.map((known) => {
        const own = procedures.find(({ key }) => key === known.key)
        return own ? { ...known, slug: own.slug, title: own.title, estimate: own.estimate } : known
      }),
      candidates: picture?.candidates ?? [],
      observedAt: picture?.takenAt ?? null,
      twoPersons: environment.kind === 'production' || environment.policy.twoPersons,
      objectives: castmatch.objectives,
    }),
    runs: summaries,
    updates,
    templates: updateTemplates(
      incident,
      clocks,
      active ? { title: active.title, step: active.step?.title ?? null } : null,
      updateEveryMinutes[incident.severity],
    ),
    wallLinks,
    path,
    next: nextOf(path),
    people,
    me: { id: me.id, name: me.name },
    rights: {
      write: unless(rightTo(me, 'note'), incident.status === 'merged' ? 'This incident was merged.' : null),
      changeSeverity: lead,
      resolve: lead,
      merge: lead,
      update: rightTo(me, 'note'),
      wallLink: rightTo(me, 'declare'),
    },
    mergeTargets: others
      .filter((other) => other.number !== number && other.kind === incident.kind)
      .map((other) => ({ number: other.number, title: other.title })),
  }
}

/** A page of a timeline. Throws ExpectedError. */
export const readTimelineOf = (query: TimelineQuery): Promise<TimelinePage> => readTimeline(webStore(), query)
