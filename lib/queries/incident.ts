import { keepPreviousData, queryOptions, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef } from 'react'
import type { EntryKind } from '../domain/incident/types'
import type {
  DeclareView,
  EscalationView,
  IncidentListQuery,
  IncidentListView,
  IncidentView,
  TimelineEntry,
  TimelinePage,
} from '../domain/incident/view'
import { read } from './cluster'

/** Open incidents first, then the newest of those that were. The feed says when one changed; a slow poll mends a missed word. */
export const incidentsQuery = queryOptions({
  queryKey: ['incident', 'list'] as const,
  queryFn: ({ signal }) => read<IncidentListView>('/api/incidents', signal),
  refetchInterval: 3000,
  retry: 1,
})

/** What is open now, and the alerts that wait: all that the frame and the Situation page need of incidents. */
export const openIncidentsQuery = queryOptions({
  queryKey: ['incident', 'open'] as const,
  queryFn: ({ signal }) => read<IncidentListView>('/api/incidents?openOnly=yes', signal),
  refetchInterval: 3000,
  retry: 1,
})

export type IncidentFilter = Omit<IncidentListQuery, 'before' | 'openOnly'>

/** The list by page, as far back as somebody has asked; read again as a whole, more slowly the longer it is. */
export function useIncidentPages(filter: IncidentFilter) {
  return useInfiniteQuery({
    queryKey: ['incident', 'pages', filter] as const,
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
    refetchInterval: (query) => 3000 * (query.state.data?.pages.length ?? 1),
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
    queryKey: ['incident', String(number)] as const,
    queryFn: ({ signal }) => read<IncidentView>(`/api/incidents/${number}`, signal),
    // An answer that was overtaken on its way is dropped: versions and the server's clock only rise.
    structuralSharing: (held, next) => {
      const before = held as IncidentView | undefined
      const after = next as IncidentView
      return before && before.clocks.now > after.clocks.now ? before : after
    },
    refetchInterval: (query) => (query.state.data?.status === 'resolved' ? 10_000 : 2000),
    retry: 2,
  })

export function useIncident(number: number) {
  return useQuery(incidentQuery(number))
}

export const escalationQuery = queryOptions({
  queryKey: ['incident', 'escalation'] as const,
  queryFn: ({ signal }) => read<EscalationView>('/api/escalation', signal),
  refetchInterval: 3000,
  retry: 1,
})

export interface TimelineWish {
  scope: 'story' | 'everything'
  kinds: EntryKind[]
  search: string
}

const pageOf = (number: number, wish: TimelineWish, cursor: { before?: string; after?: string }, limit: number) => {
  const query = new URLSearchParams({ scope: wish.scope, limit: String(limit) })
  if (wish.kinds.length) query.set('kinds', wish.kinds.join(','))
  if (wish.search) query.set('search', wish.search)
  if (cursor.before) query.set('before', cursor.before)
  if (cursor.after) query.set('after', cursor.after)
  return `/api/incidents/${number}/timeline?${query}`
}

const pageSize = 200

/**
 * The timeline, newest first, read by page into the past. What is new is asked for by its cursor once a second, so a long
 * timeline is never read again for one new entry. Corrections and pins of held entries arrive with the whole page
 * that the feed's word makes us read again.
 */
export function useTimeline(number: number, wish: TimelineWish) {
  const client = useQueryClient()
  const key = useMemo(
    () => ['incident-timeline', String(number), wish.scope, wish.kinds.join(','), wish.search] as const,
    [number, wish.scope, wish.kinds, wish.search],
  )
  const query = useInfiniteQuery({
    queryKey: key,
    initialPageParam: null as string | null,
    queryFn: ({ signal, pageParam }) =>
      read<TimelinePage>(pageOf(number, wish, pageParam ? { before: pageParam } : {}, pageSize), signal),
    getNextPageParam: (last) => last.before,
    staleTime: Number.POSITIVE_INFINITY,
    retry: 2,
  })
  const pages = query.data?.pages
  const newest = pages?.[0]?.after ?? null
  const newestNow = useRef(newest)
  newestNow.current = newest

  useQuery({
    queryKey: ['incident-timeline-news', ...key],
    enabled: newest !== null,
    refetchInterval: 1000,
    refetchIntervalInBackground: true,
    gcTime: 0,
    queryFn: async ({ signal }) => {
      const news = await read<TimelinePage>(pageOf(number, wish, { after: newestNow.current ?? '0' }, 500), signal)
      // The newest page is read again when something came: a pin or a correction changes how held entries read.
      const held = client.getQueryData<typeof query.data>(key)?.pages[0]?.counts
      if (news.entries.length === 0 && held?.story === news.counts.story && held.everything === news.counts.everything)
        return news.after
      const head = await read<TimelinePage>(pageOf(number, wish, {}, pageSize), signal)
      client.setQueryData<typeof query.data>(key, (held) => (held ? mergeNews(held, news, head) : held))
      return news.after
    },
  })

  const entries = useMemo(() => pages?.flatMap((page) => page.entries) ?? [], [pages])
  return {
    entries,
    counts: pages?.[0]?.counts ?? null,
    loading: query.isPending,
    error: query.error,
    more: query.hasNextPage,
    loadingMore: query.isFetchingNextPage,
    loadMore: query.fetchNextPage,
  }
}

interface Held {
  pages: TimelinePage[]
  pageParams: unknown[]
}

/** Puts what is new before what is held and refreshes held entries; what was held already is not added again. */
export function mergeNews<T extends Held>(held: T, news: TimelinePage, head: TimelinePage): T {
  const fresh = new Map<string, TimelineEntry>()
  for (const entry of [...news.entries, ...head.entries]) fresh.set(entry.id, entry)
  const same = (a: TimelineEntry, b: TimelineEntry) => a.pinned === b.pinned && a.correctedBy === b.correctedBy
  let changed = false
  const known = new Set<string>()
  const pages = held.pages.map((page) => {
    let touched = false
    const entries = page.entries.map((entry) => {
      known.add(entry.id)
      const next = fresh.get(entry.id)
      if (!next || same(entry, next)) return entry
      touched = true
      return next
    })
    changed ||= touched
    return touched ? { ...page, entries } : page
  })
  const added = news.entries.filter((entry) => !known.has(entry.id))
  const first = pages[0]
  if (!first) return held
  const countsSame = first.counts.story === head.counts.story && first.counts.everything === head.counts.everything
  if (!changed && added.length === 0 && countsSame && first.after === news.after) return held
  const entries = added.length
    ? [...added, ...first.entries].sort((a, b) => b.occurredAt - a.occurredAt || b.recordedAt - a.recordedAt)
    : first.entries
  return { ...held, pages: [{ ...first, entries, counts: head.counts, after: news.after }, ...pages.slice(1)] }
}

/** Asks for the incident again right after an act, without waiting for the feed. */
export function useRefresh(number: number) {
  const client = useQueryClient()
  const pending = useRef<ReturnType<typeof setTimeout> | null>(null)
  useEffect(() => () => void (pending.current && clearTimeout(pending.current)), [])
  return () => {
    void client.invalidateQueries({ queryKey: ['incident', String(number)] })
    void client.invalidateQueries({ queryKey: ['incident-timeline-news'] })
  }
}
