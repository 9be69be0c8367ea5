import { keepPreviousData, queryOptions, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { DeclareView, EscalationView, IncidentListView, IncidentView } from '../domain/incident/view'
import { read } from './cluster'
import { pollMs } from './feed-state'
import { escalationKey, type IncidentFilter, incidentKey, incidentPagesKey, openIncidentsKey } from './keys'

/** What is open now, and the alerts that wait: all that the frame and the Situation page need of incidents. */
export const openIncidentsQuery = queryOptions({
  queryKey: openIncidentsKey,
  queryFn: ({ signal }) => read<IncidentListView>('/api/incidents?openOnly=yes', signal),
  refetchInterval: pollMs(3000),
  retry: 1,
})

/** The list by page, as far back as somebody has asked; read again as a whole, more slowly the longer it is. */
export function useIncidentPages(filter: IncidentFilter) {
  return useInfiniteQuery({
    queryKey: incidentPagesKey(filter),
    initialPageParam: null as number | null,
    queryFn: ({ signal, pageParam }) => {
      const query = new URLSearchParams()
      if (filter.kind) query.set('kind', filter.kind)
      if (filter.severity) query.set('severity', filter.severity)
      if (filter.search) query.set('search', filter.search)
      if (pageParam !== null) query.set('before', String(pageParam))
      return read<IncidentListView>(`/api/incidents?${query}`, signal)
    },
    getNextPageParam: (last) => last.before,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => pollMs(3000)() * (query.state.data?.pages.length ?? 1),
    retry: 1,
  })
}

/** What the declare dialog opens with: made from the diagnosis at that moment. */
export const declareQuery = queryOptions({
  queryKey: ['incident-declare'] as const,
  queryFn: ({ signal }) => read<DeclareView>('/api/incidents/declare', signal),
  gcTime: 0,
  retry: 1,
})

export const incidentQuery = (number: number) =>
  queryOptions({
    queryKey: incidentKey(number),
    queryFn: ({ signal }) => read<IncidentView>(`/api/incidents/${number}`, signal),
    // An answer that was overtaken on its way is dropped: versions and the server's clock only rise.
    structuralSharing: (held, next) => {
      const before = held as IncidentView | undefined
      const after = next as IncidentView
      return before && before.clocks.now > after.clocks.now ? before : after
    },
    // Figures of the cluster are among it, which the feed does not tell of.
    refetchInterval: (query) => (query.state.data?.status === 'resolved' ? 10_000 : pollMs(2000, 5000)()),
    retry: 2,
  })

export function useIncident(number: number) {
  return useQuery(incidentQuery(number))
}

export const escalationQuery = queryOptions({
  queryKey: escalationKey,
  queryFn: ({ signal }) => read<EscalationView>('/api/escalation', signal),
  refetchInterval: pollMs(3000),
  retry: 1,
})

/** Asks for the incident again right after an act, without waiting for the feed. */
export function useRefresh(number: number) {
  const client = useQueryClient()
  const pending = useRef<ReturnType<typeof setTimeout> | null>(null)
  useEffect(() => () => void (pending.current && clearTimeout(pending.current)), [])
  return () => {
    void client.invalidateQueries({ queryKey: incidentKey(number) })
    void client.invalidateQueries({ queryKey: ['incident-timeline-news'] })
  }
}
