import { queryOptions, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { OutputLine, PreflightView, RunRights, RunSummary, RunView } from '../domain/run/view'
import { read } from './cluster'

export interface RunAnswer {
  run: RunView
  rights: RunRights
}
const over = (state: RunView['state']) => state === 'done' || state === 'stopped' || state === 'aborted'

/** A run and what this viewer may do with it. The feed says when it changed; a slow poll mends a missed word. */
export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ['run', id] as const,
    queryFn: ({ signal }) => read<RunAnswer>(`/api/runs/${encodeURIComponent(id)}`, signal),
    // An answer that was overtaken on its way is dropped: versions only rise.
    structuralSharing: (held, next) => {
      const before = held as RunAnswer | undefined
      const after = next as RunAnswer
      return before && before.run.version > after.run.version ? before : after
    },
    refetchInterval: (query) => (query.state.data && over(query.state.data.run.state) ? 15_000 : 1000),
    retry: 2,
  })

export const runsQuery = queryOptions({
  queryKey: ['run', 'list'] as const,
  queryFn: ({ signal }) => read<{ runs: RunSummary[] }>('/api/runs', signal),
  refetchInterval: 5000,
})

export const preflightQuery = (id: string) =>
  queryOptions({
    queryKey: ['preflight', id] as const,
    queryFn: ({ signal }) => read<PreflightView>(`/api/preflights/${encodeURIComponent(id)}`, signal),
    refetchInterval: (query) =>
      query.state.data?.state === 'done' || query.state.data?.state === 'failed' ? false : 300,
  })

const linesAtOnce = 2000

/** All lines of a run's output, read by page from the first; new ones follow as `total` rises. */
export function useRunOutput(
  id: string,
  total: number,
): { lines: OutputLine[]; loading: boolean; error: Error | null } {
  const query = useInfiniteQuery({
    queryKey: ['run-output', id] as const,
    initialPageParam: 0,
    queryFn: ({ signal, pageParam }) =>
      read<{ lines: OutputLine[] }>(
        `/api/runs/${encodeURIComponent(id)}/output?after=${pageParam}&limit=${linesAtOnce}`,
        signal,
      ),
    getNextPageParam: (last, _pages, from) => last.lines.at(-1)?.n ?? from,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const lines = query.data?.pages.flatMap((page) => page.lines) ?? []
  const have = lines.at(-1)?.n ?? 0
  const { fetchNextPage, isFetching } = query
  useEffect(() => {
    if (have < total && !isFetching) void fetchNextPage()
  }, [have, total, isFetching, fetchNextPage])
  return { lines, loading: query.isPending, error: query.error }
}

export function useRun(id: string) {
  return useQuery(runQuery(id))
}
