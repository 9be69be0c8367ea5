import type { IncidentStatus } from './status'
import type { EntryKind, IncidentRole, Severity } from './types'

/*
 * How an incident and its parts are called, on every screen, in every message and export.
 */

/** "INC-14" */
export const incidentLabel = (number: number): string => `INC-${number}`

export const statusLabels: Record<IncidentStatus, string> = {
  triage: 'Triage',
  investigating: 'Investigating',
  mitigating: 'Mitigating',
  monitoring: 'Monitoring',
  resolved: 'Resolved',
  merged: 'Merged',
}
/** The way of an incident in the order in which people walk it. */
export const statusWay: IncidentStatus[] = ['triage', 'investigating', 'mitigating', 'monitoring', 'resolved']

export const roleLabels: Record<IncidentRole, string> = {
  commander: 'Commander',
  operations: 'Operations',
  communications: 'Communications',
  scribe: 'Scribe',
}

export const severityLabels: Record<Severity, string> = {
  SEV1: 'Writes are down or data is being lost',
  SEV2: 'Service is impaired',
  SEV3: 'A risk, no impact yet',
}

export const entryLabels: Record<EntryKind, string> = {
  declared: 'Declared',
  detection: 'Detection',
  status: 'Status',
  role: 'Role',
  run: 'Run',
  step: 'Step',
  approval: 'Approval',
  page: 'Page',
  update: 'Update',
  checklist: 'Check',
  note: 'Note',
  decision: 'Decision',
  action: 'Action',
  task: 'Task',
  pin: 'Pin',
  correction: 'Correction',
}
