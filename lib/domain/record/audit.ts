import type { ChainVerdict } from './chain'

/** Parts of the record by what was done; each holds the kinds that begin with these words. */
export const auditParts = {
  access: { title: 'People and access', kinds: ['person', 'account'] },
  settings: { title: 'Settings, links and store', kinds: ['integration', 'wall', 'alert', 'store'] },
  approvals: { title: 'Approvals', kinds: ['approval'] },
  runs: { title: 'Runs', kinds: ['run', 'step', 'effect'] },
  incidents: { title: 'Incidents', kinds: ['incident', 'damage'] },
} as const satisfies Record<string, { title: string; kinds: readonly string[] }>
export type AuditPart = keyof typeof auditParts
export const auditPartNames = Object.keys(auditParts) as [AuditPart, ...AuditPart[]]

/** The part of an entry; null for a kind that none holds. */
export const auditPartOf = (kind: string): AuditPart | null =>
  auditPartNames.find((part) => (auditParts[part].kinds as readonly string[]).includes(kind.split('.')[0] ?? '')) ??
  null

export interface AuditQuery {
  part: AuditPart | null
  /** Words of the entry, or the name of who did it. */
  search: string
  /** Entries of this incident only. */
  incident: number | null
  /** Entries before this number. */
  before: number | null
}

export interface AuditEntry {
  n: number
  /** ms */
  at: number
  kind: string
  who: string
  /** Did a person do it, or one of our programs or another system? */
  person: boolean
  text: string
  incident: number | null
  runId: string | null
  hash: string
}

export interface AuditView {
  entries: AuditEntry[]
  /** Where older entries go on; null at the end. */
  before: number | null
  /** Is the last entry the one that the head names? A quick look, not the walk of the whole chain. */
  endsWhole: boolean
}

/** The whole chain, walked. */
export interface RecordCheck {
  verdict: ChainVerdict
  /** ms */
  at: number
  tookMs: number
}

/** What somebody typed to search by: "INC-12" means the incident, all else means words. */
export function readAuditSearch(typed: string): Pick<AuditQuery, 'search' | 'incident'> {
  const incident = /^inc-(\d{1,9})$/i.exec(typed.trim())?.[1]
  return incident ? { search: '', incident: Number(incident) } : { search: typed.trim(), incident: null }
}
