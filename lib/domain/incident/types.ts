import type { Diagnosis, ProcedureKey, Scenario } from '../cluster/types'
import type { IncidentStatus } from './status'

/** SEV1: writes are down or data is being lost. SEV2: impaired. SEV3: a risk, no impact yet. */
export const severities = ['SEV1', 'SEV2', 'SEV3'] as const
export type Severity = (typeof severities)[number]

/** A drill runs the very same machinery and never counts in the figures. */
export const incidentKinds = ['real', 'drill'] as const
export type IncidentKind = (typeof incidentKinds)[number]

export const incidentRoles = ['commander', 'operations', 'communications', 'scribe'] as const
export type IncidentRole = (typeof incidentRoles)[number]

/** Kinds of timeline entries; every one is append-only, a correction refers to what it corrects. */
export const entryKinds = [
  'declared',
  'detection',
  'status',
  'role',
  'run',
  'step',
  'approval',
  'page',
  'update',
  'checklist',
  'note',
  'decision',
  'action',
  'task',
  'pin',
  'correction',
] as const
export type EntryKind = (typeof entryKinds)[number]

/** What the collector says is wrong when somebody declares, and since when (ms). */
export interface Detection {
  at: number
  headline: string
  kind: Diagnosis['kind']
  certainty: Diagnosis['certainty']
}

export interface TimelineEntry {
  id: string
  incidentNumber: number
  kind: EntryKind
  /** When it happened; a back-dated note keeps both times. */
  occurredAt: number
  recordedAt: number
  actor: { id: string; name: string }
  /** Markdown for people's words, plain text for the system's. */
  text: string
  detail: string | null
  pinned: boolean
  corrects: string | null
  correctedBy: string | null
  href: string | null
}

export interface IncidentSummary {
  number: number
  title: string
  kind: IncidentKind
  severity: Severity
  scenario: Scenario
  status: IncidentStatus
  impactStartedAt: number
  declaredAt: number
  resolvedAt: number | null
  commander: { id: string; name: string } | null
  nextUpdateDueAt: number | null
  mergedInto: number | null
  /** Where its report stands. */
  report: 'draft' | 'in-review' | 'final'
}

export interface RecommendedStep {
  key: 'declare' | 'roles' | 'procedure' | 'approve' | 'checklist' | 'resolve' | 'report' | 'done'
  title: string
  why: string
  procedure?: ProcedureKey
}
