import type { EntryKind } from '../domain/incident/types'
import type { IncidentListQuery } from '../domain/incident/view'
import type { AuditPart } from '../domain/record/audit'

/*
 * Keys of what a page reads on the server and hands to the browser's cache: importable where no hook is. What is kept under the
 * name of a thing and its id, or under `list`, is read again when the feed says that such a thing changed.
 */
export const snapshotKey = ['cluster', 'snapshot'] as const
export const restorePointKey = (incident: number | null) => ['restore-point', incident] as const

export type IncidentFilter = Omit<IncidentListQuery, 'before' | 'openOnly'>
export const openIncidentsKey = ['incident', 'list', 'open'] as const
export const incidentPagesKey = (filter: IncidentFilter) => ['incident', 'list', 'pages', filter] as const
export const escalationKey = ['incident', 'list', 'escalation'] as const
export const incidentKey = (number: number) => ['incident', String(number)] as const

export interface TimelineWish {
  scope: 'story' | 'everything'
  kinds: EntryKind[]
  search: string
}
/** Where somebody jumped to: an entry, or a moment (ms). Null is the present. */
export type TimelinePlace = { around: string } | { at: number } | null
/** What the timeline opens with, on an incident and beside a run. */
export const firstWish: TimelineWish = { scope: 'story', kinds: [], search: '' }
export const notesWish: TimelineWish = {
  scope: 'everything',
  kinds: ['note', 'decision', 'action', 'correction'],
  search: '',
}
export const timelinePageSize = 100
export const timelineKey = (number: number, wish: TimelineWish, place: TimelinePlace) =>
  [
    'incident-timeline',
    `${number} ${wish.scope} ${wish.kinds.join(',')} ${wish.search}`,
    place === null ? 'now' : JSON.stringify(place),
  ] as const

export const runKey = (id: string) => ['run', id] as const
export const activeRunsKey = ['run', 'list', 'active'] as const

export const reportKey = (number: number) => ['report', String(number)] as const
export const reportLagKey = (number: number) => ['report-lag', String(number)] as const
export const trendsKey = ['report', 'list'] as const

export const wallLinksKey = ['wall-links'] as const
export const integrationsKey = ['integrations'] as const
export const auditKey = (filter: { part: AuditPart | null; search: string }) => ['audit', filter] as const

export const wallKey = ['wall'] as const
export const wallLagKey = ['wall-lag'] as const

/** The first page of a list that the browser goes on reading. */
export const firstPage = <T>(page: T): { pages: T[]; pageParams: null[] } => ({ pages: [page], pageParams: [null] })
