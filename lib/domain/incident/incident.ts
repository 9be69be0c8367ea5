import type { Scenario } from '../cluster/types'
import type { PersonRef } from '../people/person'
import type { ReportState } from '../report/sections'
import type { IncidentStatus } from './status'
import type { IncidentKind, IncidentRole, Severity } from './types'

/** An incident as the store has it. Times are ms on the store's clock. */
export interface Incident {
  number: number
  environment: string
  title: string
  kind: IncidentKind
  severity: Severity
  severityReason: string | null
  scenario: Scenario
  symptoms: string[]
  status: IncidentStatus
  statusTimes: { status: IncidentStatus; at: number }[]
  impactStartedAt: number
  detectedAt: number | null
  declaredAt: number
  declaredBy: PersonRef
  resolvedAt: number | null
  nextUpdateDueAt: number | null
  mergedInto: number | null
  decided: Decided | null
  reportState: ReportState
  reportVersion: number
  version: number
}

/** Which way out people have decided for, by the decision sheet. */
export interface Decided {
  /** The option's id. */
  option: string
  title: string
  reason: string
  by: PersonRef
  at: number
}

export interface RoleHolding {
  role: IncidentRole
  holder: PersonRef | null
  since: number | null
  offeredTo: PersonRef | null
  offeredBy: PersonRef | null
}

/** The incident that matters most comes first: real before drill, then the worst, then the newest. */
export const byWeight = (
  a: Pick<Incident, 'kind' | 'severity' | 'declaredAt'>,
  b: Pick<Incident, 'kind' | 'severity' | 'declaredAt'>,
): number =>
  Number(a.kind === 'drill') - Number(b.kind === 'drill') ||
  a.severity.localeCompare(b.severity) ||
  b.declaredAt - a.declaredAt

/** Minutes until people want to hear again. */
export const updateEveryMinutes: Record<Severity, number> = { SEV1: 15, SEV2: 30, SEV3: 60 }
