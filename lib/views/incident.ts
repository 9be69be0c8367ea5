import { castmatch } from '../config/castmatch'
import { type RoleHolding, updateEveryMinutes } from '../domain/incident/incident'
import { roleLabels } from '../domain/incident/labels'
import { nextOf } from '../domain/incident/path'
import { leadRight, releaseRight } from '../domain/incident/rights'
import { isDeciding, isOpen, movesFrom } from '../domain/incident/status'
import { updateTemplates } from '../domain/incident/update-templates'
import type { IncidentView, TimelinePage, TimelineQuery } from '../domain/incident/view'
import { may } from '../domain/people/permissions'
import { every, unless } from '../domain/right'
import { runIsOver } from '../domain/run/states'
import { listIncidents, listTasks, readIncident, readRoles } from '../store/incident'
import { listUpdates } from '../store/page'
import { readTimeline } from '../store/timeline'
import { listWallLinks } from '../store/wall'
import { readChecklistOf } from './checklist'
import type { ViewContext, ViewSource } from './context'
import { copiesOf } from './copies'
import { readDecisionSheet } from './decision'
import { readEscalationOf } from './escalation'
import { readClocks, runsOf } from './incident-clocks'
import { summaryOf } from './incident-list'
import { pathFor, recoveredAt } from './incident-path'
import { readPeople, rightTo } from './rights'
import { readRuns } from './run'

function rolesOf(context: ViewContext, held: RoleHolding[], open: boolean): IncidentView['roles'] {
  const me = context.person
  const base = unless(rightTo(context, 'declare'), open ? null : 'This incident is resolved.')
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
      accept: unless(base, h.offeredTo?.id === me.id ? null : 'This role is not offered to you.'),
      release: every(base, releaseRight(me, h.holder)),
    }
  })
}

/** An incident as the person sees it. Throws ExpectedError 'not-found', 'store-unavailable'. */
export async function readIncidentFor(context: ViewContext, number: number): Promise<IncidentView> {
  const { person: me, environment } = context
  const db = context.store.prisma
  const incident = await readIncident(db, environment.name, number)
  const open = isOpen(incident.status)
  const ownRuns = runsOf(context, number)
  const [roles, runs, summaries, tasks, checklist, escalation, updates, wallLinks, people, others, sheet] =
    await Promise.all([
      readRoles(db, [number]),
      ownRuns,
      readRuns(context, { incidentNumber: number }),
      listTasks(db, number),
      readChecklistOf(context, number, open),
      readEscalationOf(context, incident),
      listUpdates(db, number),
      listWallLinks(db, environment.name, context.now()),
      readPeople(context),
      listIncidents(db, { environment: environment.name, open: true, limit: 20 }),
      ownRuns.then((own) => readDecisionSheet(context, incident, own)),
    ])
  const held = roles.get(number) ?? []
  const now = context.now()
  const clocks = await readClocks(context, incident, runs, now)
  const summary = summaryOf(incident, held)
  const commands = summary.commander?.id === me.id
  const lead = leadRight(me.role, commands)
  const path = pathFor(context, incident, summary.commander?.name ?? null, runs, checklist)
  const scenario = castmatch.scenarios.find(({ key }) => key === incident.scenario)
  const real = summaries.filter(({ mode }) => mode !== 'dry-run')
  const ran = real.find(({ state }) => !runIsOver(state)) ?? real[0]
  const restored = recoveredAt(runs)
  const deciding = isDeciding(incident, restored)
  return {
    ...summary,
    version: incident.version,
    decided: incident.decided,
    scenarioTitle: scenario?.title ?? '',
    symptoms: (scenario?.symptoms ?? []).map((s) => ({ ...s, ticked: incident.symptoms.includes(s.id) })),
    severityReason: incident.severityReason,
    moves: movesFrom(incident.status).map(({ move, to, button }) => ({
      move,
      to,
      button,
      right: move === 'resolve' || move === 'reopen' || move === 'merge' ? lead : rightTo(context, 'declare'),
    })),
    statusTimes: incident.statusTimes,
    roles: rolesOf(context, held, open),
    clocks,
    tasks,
    checklist,
    escalation,
    sheet,
    deciding,
    copies: copiesOf(runs),
    runs: summaries,
    updates,
    templates: updateTemplates({
      incident,
      clocks,
      run: ran ?? null,
      recoveredAt: deciding ? null : restored,
      nextInMinutes: updateEveryMinutes[incident.severity],
    }),
    wallLinks,
    path,
    next: nextOf(path),
    people,
    me: { id: me.id, name: me.name },
    rights: {
      write: unless(rightTo(context, 'note'), incident.status === 'merged' ? 'This incident was merged.' : null),
      changeSeverity: lead,
      rename: rightTo(context, 'declare'),
      resolve: lead,
      merge: lead,
      update: rightTo(context, 'note'),
      wallLink: rightTo(context, 'declare'),
      decide: unless(
        lead,
        open ? null : incident.status === 'merged' ? 'This incident was merged.' : 'This incident is resolved.',
      ),
    },
    mergeTargets: others
      .filter((other) => other.number !== number && other.kind === incident.kind)
      .map((other) => ({ number: other.number, title: other.title })),
  }
}

/** A page of a timeline. Throws ExpectedError. */
export async function readTimelineOf(source: ViewSource, query: TimelineQuery): Promise<TimelinePage> {
  const [page] = await Promise.all([
    readTimeline(source.store, query),
    // Of another environment there is none here.
    readIncident(source.store.prisma, source.environment.name, query.number),
  ])
  return page
}
