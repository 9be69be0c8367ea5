import { queryOptions, useQuery } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import type { LagHistory } from '../domain/cluster/feed'
import type { Snapshot } from '../domain/cluster/types'
import { setSkew, skewFrom } from './clock'
import { feedState } from './feed-state'
import { snapshotKey } from './keys'
import { newerSnapshot, withGaps } from './merge'

/** An answer other than 2xx; `message` is the server's own sentence, fit for a screen. */
export class QueryError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
    this.name = 'QueryError'
  }
}

const answerMs = 8000

export async function read<T>(path: string, signal: AbortSignal, withinMs = answerMs): Promise<T> {
  const sentAt = Date.now()
  // A request that hangs must not hold up the poll that would ask again.
  const limit = AbortSignal.timeout(withinMs)
  const response = await fetch(path, { signal: AbortSignal.any([signal, limit]), cache: 'no-store' }).catch((error) => {
    throw limit.aborted ? new QueryError('The War Room did not respond in time. Retrying.', 504) : error
  })
  setSkew(skewFrom(response.headers.get('date'), sentAt, Date.now()))
  if (!response.ok) {
    const body = (await response.json().catch(() => null)) as { error?: string } | null
    throw new QueryError(body?.error ?? `The War Room answered ${response.status}.`, response.status)
  }
  return (await response.json()) as T
}

/** The latest whole picture: kept fresh by the live feed, polled every two seconds while that is silent. */
export const snapshotQuery = queryOptions({
  queryKey: snapshotKey,
  queryFn: async ({ signal }) =>
    (await read<{ snapshot: Snapshot | null; feed: boolean }>('/api/snapshot', signal)).snapshot,
  structuralSharing: (held, next) => newerSnapshot(held as Snapshot | null | undefined, next as Snapshot | null),
  staleTime: Number.POSITIVE_INFINITY,
  refetchInterval: () => (feedState().speaking ? false : 2000),
  refetchIntervalInBackground: true,
  retry: false,
})

export const lagRanges = [
  { minutes: 5, label: '5 min', points: 300 },
  { minutes: 15, label: '15 min', points: 900 },
  { minutes: 60, label: '1 h', points: 900 },
  { minutes: 360, label: '6 h', points: 900 },
] as const
export type LagMinutes = (typeof lagRanges)[number]['minutes']

export const lagHistoryKey = ['cluster', 'lag'] as const

/** Lag of the last minutes, in columns for the chart; live points are merged into every range that is held. */
export function lagHistoryQuery(minutes: LagMinutes) {
  const points = lagRanges.find((r) => r.minutes === minutes)?.points ?? 900
  return queryOptions({
    queryKey: [...lagHistoryKey, minutes] as const,
    queryFn: async ({ signal }) =>
      withGaps(await read<LagHistory>(`/api/history?minutes=${minutes}&points=${points}`, signal)),
    structuralSharing: false,
    // Live points keep it fresh; a fresh read now and then mends what a slept tab has missed.
    staleTime: 10 * 60_000,
    gcTime: 60_000,
    refetchInterval: (query) => (query.state.status === 'error' || !feedState().speaking ? 5000 : false),
    retry: false,
  })
}

const never = () => () => {}

/** False while React takes over the server's page: what only the browser knows is drawn right after. */
export function useHydrated(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  )
}

/** The newest snapshot, or null before there is one. */
export function useSnapshot(): { snapshot: Snapshot | null; loading: boolean; error: Error | null } {
  const { data, error, isPending } = useQuery(snapshotQuery)
  return { snapshot: data ?? null, loading: isPending, error: data ? null : error }
}

/** One part of the snapshot. For small components: they render with each picture. */
export function useSnapshotPart<T>(select: (snapshot: Snapshot) => T): T | null {
  // Not by the query's own `select`: it would put the part through the merge that is meant for the whole.
  const { data } = useQuery(snapshotQuery)
  return data ? select(data) : null
}
