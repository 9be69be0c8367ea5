import { useQuery } from '@tanstack/react-query'
import { byWeight } from '../../lib/domain/incident/incident'
import { isOpen } from '../../lib/domain/incident/status'
import type { IncidentListItem } from '../../lib/domain/incident/view'
import { runThatWaits, waitingFor } from '../../lib/domain/run/waiting-for'
import { activeRunsQuery, runQuery } from '../../lib/queries/run'

/** The open incident that matters most; null while there is none. */
export const worstOf = (items: readonly IncidentListItem[]): IncidentListItem | null =>
  items.filter((item) => isOpen(item.status)).toSorted(byWeight)[0] ?? null

/** What waits for people in the runs under way, that of an incident first, and whether it waits for whoever looks. */
export function useWaiting(incidentNumber: number | null) {
  const { data } = useQuery(activeRunsQuery)
  const run = runThatWaits(data?.runs ?? [], incidentNumber)
  const { data: answer } = useQuery({ ...runQuery(run?.id ?? ''), enabled: run !== null })
  const waiting = run && waitingFor(run, answer?.rights ?? null)
  return waiting && { ...waiting, run }
}
