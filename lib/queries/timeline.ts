import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useRef } from 'react'
import type { TimelineEntry } from '../domain/incident/types'
import type { TimelinePage } from '../domain/incident/view'
import { read } from './cluster'
import { pollMs } from './feed-state'
import { timelinePageSize as pageSize, type TimelinePlace, type TimelineWish, timelineKey } from './keys'

type Cursor = { before: string } | { after: string } | { around: string } | { at: number } | null

const pageOf = (number: number, wish: TimelineWish, cursor: Cursor, limit: number) => {
  const query = new URLSearchParams({ scope: wish.scope, limit: String(limit) })
  if (wish.kinds.length) query.set('kinds', wish.kinds.join(','))
  if (wish.search) query.set('search', wish.search)
  for (const [name, value] of Object.entries(cursor ?? {})) query.set(name, String(value))
  return `/api/incidents/${number}/timeline?${query}`
}

const opensElsewhere = (cursor: Cursor) => cursor !== null && ('around' in cursor || 'at' in cursor)

/** The first page of another place: a screen and some, so that it is there at once; the rest follows. */
const placeSize = 60

/**
 * A window on the timeline, newest first, that grows by page in both directions from where one is: the present, or the
 * place jumped to. While the window touches the present, what is new is asked for by its cursor when the feed tells of a change, so a long
 * timeline is never read again for one new entry. Corrections and pins of held entries arrive with the newest page that
 * is read again when something came.
 */
export function useTimeline(number: number, wish: TimelineWish, place: TimelinePlace) {
  const client = useQueryClient()
  const [name, wanted, spot] = timelineKey(number, wish, place)
  const key = useMemo(() => [name, wanted, spot] as const, [name, wanted, spot])
  const query = useInfiniteQuery({
    queryKey: key,
    initialPageParam: place as Cursor,
    queryFn: ({ signal, pageParam }) =>
      read<TimelinePage>(pageOf(number, wish, pageParam, opensElsewhere(pageParam) ? placeSize : pageSize), signal),
    getNextPageParam: (last): Cursor | undefined => (last.before === null ? undefined : { before: last.before }),
    getPreviousPageParam: (first): Cursor | undefined => (first.newer ? { after: first.after } : undefined),
    // A jump keeps the rows on screen until those of the other place are there.
    placeholderData: (held, of) => (of?.queryKey[1] === wanted ? held : undefined),
    staleTime: place === null ? Number.POSITIVE_INFINITY : 0,
    gcTime: place === null ? 300_000 : 10_000,
    refetchOnWindowFocus: false,
    refetchOnMount: false,
    retry: 2,
  })
  const pages = query.data?.pages
  const newest = pages?.[0]?.after ?? null
  const newestNow = useRef(newest)
  newestNow.current = newest
  const present = pages?.[0]?.newer === false && !query.isPlaceholderData

  useQuery({
    queryKey: ['incident-timeline-news', ...key],
    enabled: newest !== null && present,
    refetchInterval: pollMs(1000),
    refetchIntervalInBackground: true,
    gcTime: 0,
    queryFn: async ({ signal }) => {
      const news = await read<TimelinePage>(pageOf(number, wish, { after: newestNow.current ?? '0' }, 500), signal)
      // The newest page is read again when something came: a pin or a correction changes how held entries read.
      const held = client.getQueryData<typeof query.data>(key)?.pages[0]?.counts
      if (news.entries.length === 0 && held?.story === news.counts.story && held.everything === news.counts.everything)
        return news.after
      const head = await read<TimelinePage>(pageOf(number, wish, null, pageSize), signal)
      client.setQueryData<typeof query.data>(key, (held) => (held ? mergeNews(held, news, head) : held))
      return news.after
    },
  })

  // While a jump is under way the rows are still those of the place before.
  const rowsOf = useRef(spot)
  if (!query.isPlaceholderData) rowsOf.current = spot
  const entries = useMemo(() => pages?.flatMap((page) => page.entries) ?? [], [pages])
  return {
    entries,
    /** Which place the rows belong to, and whether that is the one that is wanted. */
    rowsOf: rowsOf.current,
    arrived: !query.isPlaceholderData,
    counts: pages?.[0]?.counts ?? null,
    loading: query.isPending,
    error: query.error,
    older: query.hasNextPage,
    newer: query.hasPreviousPage,
    loadingMore: query.isFetching,
    loadOlder: query.fetchNextPage,
    loadNewer: query.fetchPreviousPage,
  }
}

interface Held {
  pages: TimelinePage[]
  pageParams: unknown[]
}

/**
 * Puts what is new before what is held, and makes the held entries what the newest page says of its part of the timeline:
 * a pin brings an entry into the story, a correction takes one out. What was held already is not added again. The order is
 * that of the record in every browser, by number; the rows that are shown may be in the order of events.
 */
export function mergeNews<T extends Held>(held: T, news: TimelinePage, head: TimelinePage): T {
  const fresh = new Map<string, TimelineEntry>()
  for (const entry of [...news.entries, ...head.entries]) fresh.set(entry.id, entry)
  const same = (a: TimelineEntry, b: TimelineEntry) => a.pinned === b.pinned && a.correctedBy === b.correctedBy
  // Of what is older than the newest page nothing was heard, and what is older than the held ones comes with its own page.
  const told = head.before === null ? 0 : Number(head.before)
  const floor = held.pages.at(-1)?.before ?? null
  let changed = false
  const known = new Set<string>()
  const pages = held.pages.map((page) => {
    let touched = false
    const entries = page.entries.flatMap((entry) => {
      known.add(entry.id)
      const next = fresh.get(entry.id)
      if (!next && Number(entry.id) < told) return [entry]
      if (next && same(entry, next)) return [entry]
      touched = true
      return next ? [next] : []
    })
    changed ||= touched
    return touched ? { ...page, entries } : page
  })
  const added = [...fresh.values()].filter(({ id }) => !known.has(id) && (floor === null || Number(id) > Number(floor)))
  const first = pages[0]
  if (!first) return held
  const countsSame = first.counts.story === head.counts.story && first.counts.everything === head.counts.everything
  if (!changed && added.length === 0 && countsSame && first.after === news.after) return held
  const entries = added.length
    ? [...added, ...first.entries].sort((a, b) => Number(b.id) - Number(a.id))
    : first.entries
  return {
    ...held,
    pages: [{ ...first, entries, counts: head.counts, after: news.after, newer: false }, ...pages.slice(1)],
  }
}
