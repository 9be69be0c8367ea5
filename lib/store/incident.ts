import { checklistItems } from '../domain/checklist/items'
import type { Scenario } from '../domain/cluster/types'
import { conflict, notFound } from '../domain/errors'
import type { Decided, Incident, RoleHolding } from '../domain/incident/incident'
import type { IncidentStatus } from '../domain/incident/status'
import { type IncidentKind, type IncidentRole, incidentRoles, type Severity } from '../domain/incident/types'
import type { TaskView } from '../domain/incident/view'
import type { PersonRef } from '../domain/people/person'
import type { Db } from './client'

type Row = NonNullable<Awaited<ReturnType<Db['incident']['findUnique']>>>
const ms = (at: Date | null) => at?.getTime() ?? null
const person = (id: string | null, name: string | null): PersonRef | null =>
  id === null ? null : { id, name: name ?? '' }

const toIncident = (row: Row): Incident => ({
  number: row.number,
  environment: row.environment,
  title: row.title,
  kind: row.kind as IncidentKind,
  severity: row.severity as Severity,
  severityReason: row.severityReason,
  scenario: row.scenario as Scenario,
  symptoms: row.symptoms as string[],
  status: row.status as IncidentStatus,
  statusTimes: row.statusTimes as unknown as Incident['statusTimes'],
  impactStartedAt: row.impactStartedAt.getTime(),
  detectedAt: ms(row.detectedAt),
  declaredAt: row.declaredAt.getTime(),
  declaredBy: { id: row.declaredById, name: row.declaredByName },
  resolvedAt: ms(row.resolvedAt),
  nextUpdateDueAt: ms(row.nextUpdateDueAt),
  mergedInto: row.mergedInto,
  decided: (row.decided as unknown as Decided | null) ?? null,
  reportState: row.reportState as Incident['reportState'],
  reportVersion: row.reportVersion,
  version: row.version,
})

type NewIncident = Pick<
  Incident,
  | 'environment'
  | 'title'
  | 'kind'
  | 'severity'
  | 'severityReason'
  | 'scenario'
  | 'symptoms'
  | 'impactStartedAt'
  | 'detectedAt'
  | 'declaredAt'
  | 'declaredBy'
  | 'nextUpdateDueAt'
>

/** Opens an incident with its four roles and ten checklist items; returns its number. Inside a transaction. */
export async function addIncident(tx: Db, incident: NewIncident): Promise<number> {
  const at = new Date(incident.declaredAt)
  const { number } = await tx.incident.create({
    data: {
      environment: incident.environment,
      title: incident.title,
      kind: incident.kind,
      severity: incident.severity,
      severityReason: incident.severityReason,
      scenario: incident.scenario,
      symptoms: incident.symptoms,
      status: 'triage',
      statusTimes: [{ status: 'triage', at: incident.declaredAt }],
      impactStartedAt: new Date(incident.impactStartedAt),
      detectedAt: incident.detectedAt === null ? null : new Date(incident.detectedAt),
      declaredAt: at,
      declaredById: incident.declaredBy.id,
      declaredByName: incident.declaredBy.name,
      nextUpdateDueAt: incident.nextUpdateDueAt === null ? null : new Date(incident.nextUpdateDueAt),
    },
    select: { number: true },
  })
  await tx.incidentRoleHolder.createMany({ data: incidentRoles.map((role) => ({ number, role })) })
  await tx.checklistItem.createMany({
    data: checklistItems.map(({ key }) => ({
      number,
      key,
      state: 'not-run',
      says: 'Not checked yet.',
      askedAt: at,
    })),
  })
  return number
}

/** An incident of this environment. Throws ExpectedError 'not-found', also for one of another environment. */
export async function readIncident(db: Db, environment: string, number: number): Promise<Incident> {
  const row = await db.incident.findUnique({ where: { number, environment } })
  if (!row) throw notFound('This incident')
  return toIncident(row)
}

/** An incident that is open since `since` and was declared in these very words by this person; null when there is none. */
export async function findDeclared(
  tx: Db,
  same: Pick<Incident, 'environment' | 'title' | 'kind' | 'impactStartedAt'> & { byId: string; since: number },
): Promise<number | null> {
  // Two requests of one person wait for each other here.
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtext(${`declare ${same.byId}`}))::text`
  const row = await tx.incident.findFirst({
    where: {
      environment: same.environment,
      title: same.title,
      kind: same.kind,
      declaredById: same.byId,
      impactStartedAt: new Date(same.impactStartedAt),
      declaredAt: { gte: new Date(same.since) },
      resolvedAt: null,
      mergedInto: null,
    },
    select: { number: true },
  })
  return row?.number ?? null
}

/** The incident, held until the transaction ends: changes of one incident follow each other. Throws 'not-found'. */
export async function lockIncident(tx: Db, environment: string, number: number): Promise<Incident> {
  await tx.$queryRaw`SELECT 1 FROM incident WHERE number = ${number} FOR UPDATE`
  return readIncident(tx, environment, number)
}

/** As `lockIncident`, for who saw `version`. Throws ExpectedError 'conflict' when it was changed since. */
export async function lockSeen(tx: Db, environment: string, number: number, version: number): Promise<Incident> {
  const incident = await lockIncident(tx, environment, number)
  if (incident.version !== version) throw conflict('Someone else has changed this incident. Reload and decide again.')
  return incident
}

type IncidentChange = Partial<
  Pick<
    Incident,
    | 'title'
    | 'severity'
    | 'severityReason'
    | 'status'
    | 'statusTimes'
    | 'resolvedAt'
    | 'nextUpdateDueAt'
    | 'mergedInto'
    | 'detectedAt'
    | 'reportState'
    | 'reportVersion'
  >
> & { decided?: Decided }

/** Changes a locked incident; its version rises. */
export async function changeIncident(tx: Db, number: number, change: IncidentChange): Promise<void> {
  const { resolvedAt, nextUpdateDueAt, detectedAt, decided, ...rest } = change
  const date = (at: number | null | undefined) => (at === undefined ? undefined : at === null ? null : new Date(at))
  await tx.incident.update({
    where: { number },
    data: {
      ...rest,
      ...(decided && { decided: { ...decided, by: { ...decided.by } } }),
      resolvedAt: date(resolvedAt),
      nextUpdateDueAt: date(nextUpdateDueAt),
      detectedAt: date(detectedAt),
      version: { increment: 1 },
    },
  })
}

interface IncidentFilter {
  environment: string
  open?: boolean
  before?: number
  kind?: IncidentKind
  severity?: Severity
  /** Words of the title, or a number with or without "INC-". */
  search?: string
  limit: number
}

/** Newest first; open ones of an environment, or a page of all with numbers below `before`. */
export async function listIncidents(db: Db, filter: IncidentFilter): Promise<Incident[]> {
  const search = filter.search?.trim()
  const named = search ? /^(?:inc-)?(\d{1,9})$/i.exec(search)?.[1] : undefined
  const rows = await db.incident.findMany({
    where: {
      environment: filter.environment,
      ...(filter.open === undefined
        ? {}
        : { status: filter.open ? { notIn: ['resolved', 'merged'] } : { in: ['resolved', 'merged'] } }),
      ...(filter.before === undefined ? {} : { number: { lt: filter.before } }),
      ...(filter.kind ? { kind: filter.kind } : {}),
      ...(filter.severity ? { severity: filter.severity } : {}),
      ...(search
        ? { OR: [{ title: { contains: search, mode: 'insensitive' } }, ...(named ? [{ number: Number(named) }] : [])] }
        : {}),
    },
    orderBy: { number: 'desc' },
    take: filter.limit,
  })
  return rows.map(toIncident)
}

/** Roles in the order of the glossary, of several incidents. */
export async function readRoles(db: Db, numbers: number[]): Promise<Map<number, RoleHolding[]>> {
  const rows = await db.incidentRoleHolder.findMany({ where: { number: { in: numbers } } })
  return new Map(
    numbers.map((number) => [
      number,
      incidentRoles.map((role) => {
        const row = rows.find((r) => r.number === number && r.role === role)
        return {
          role,
          holder: person(row?.holderId ?? null, row?.holderName ?? null),
          since: ms(row?.since ?? null),
          offeredTo: person(row?.offeredToId ?? null, row?.offeredToName ?? null),
          offeredBy: person(row?.offeredById ?? null, row?.offeredByName ?? null),
        }
      }),
    ]),
  )
}

export async function setRole(tx: Db, number: number, holding: RoleHolding): Promise<void> {
  const { role, holder, since, offeredTo, offeredBy } = holding
  await tx.incidentRoleHolder.update({
    where: { number_role: { number, role: role satisfies IncidentRole } },
    data: {
      holderId: holder?.id ?? null,
      holderName: holder?.name ?? null,
      since: since === null ? null : new Date(since),
      offeredToId: offeredTo?.id ?? null,
      offeredToName: offeredTo?.name ?? null,
      offeredById: offeredBy?.id ?? null,
      offeredByName: offeredBy?.name ?? null,
    },
  })
}

export async function addTask(tx: Db, number: number, task: TaskView): Promise<void> {
  await tx.incidentTask.create({
    data: {
      id: task.id,
      number,
      title: task.title,
      assigneeId: task.assignee?.id ?? null,
      assigneeName: task.assignee?.name ?? null,
      dueAt: task.dueAt === null ? null : new Date(task.dueAt),
      createdAt: new Date(task.createdAt),
      createdById: task.createdBy.id,
      createdByName: task.createdBy.name,
    },
  })
}

/** Null when it does not exist or is done already. */
export async function finishTask(tx: Db, number: number, id: string, now: number): Promise<{ title: string } | null> {
  const { count } = await tx.incidentTask.updateMany({
    where: { id, number, doneAt: null },
    data: { doneAt: new Date(now) },
  })
  return count ? await tx.incidentTask.findUnique({ where: { id }, select: { title: true } }) : null
}

export async function listTasks(db: Db, number: number): Promise<TaskView[]> {
  const rows = await db.incidentTask.findMany({ where: { number }, orderBy: { createdAt: 'asc' }, take: 200 })
  return rows.map((row) => ({
    id: row.id,
    title: row.title,
    assignee: person(row.assigneeId, row.assigneeName),
    dueAt: ms(row.dueAt),
    createdAt: row.createdAt.getTime(),
    createdBy: { id: row.createdById, name: row.createdByName },
    doneAt: ms(row.doneAt),
  }))
}

/**
 * The one open incident that a run without a named one belongs to: its timeline must not miss what is done. Null for a
 * dry run, and when none or several are open.
 */
export async function onlyOpenIncident(
  store: { prisma: Db },
  environment: string,
  mode: 'real' | 'drill' | 'dry-run',
): Promise<number | null> {
  if (mode === 'dry-run') return null
  const open = await listIncidents(store.prisma, { environment, open: true, limit: 2 })
  return open.length === 1 && open[0] ? open[0].number : null
}
