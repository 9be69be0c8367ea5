import { keepPreviousData, queryOptions, useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { ActionResult } from '../domain/errors'
import type { RunMode } from '../domain/procedure/types'
import type {
  ApprovalSigning,
  Approver,
  OutputLine,
  PreflightView,
  RunRights,
  RunSummary,
  RunView,
} from '../domain/run/view'
import { read } from './cluster'
import { pollMs } from './feed-state'
import { activeRunsKey, runKey } from './keys'

export interface RunAnswer {
  run: RunView
  rights: RunRights
  /** Who may say yes, while somebody is asked. */
  approvers: Approver[]
  /** What the viewer's passkey must sign, by the request; null where approvals take a fresh sign-in. */
  signing: { [approvalId: string]: ApprovalSigning } | null
}
const over = (state: RunView['state']) => state === 'done' || state === 'stopped' || state === 'aborted'

/** A run and what this viewer may do with it. The feed says when it changed; a slow poll mends a missed word. */
export const runQuery = (id: string) =>
  queryOptions({
    queryKey: runKey(id),
    queryFn: ({ signal }) => read<RunAnswer>(`/api/runs/${encodeURIComponent(id)}`, signal),
    // An answer that was overtaken on its way is dropped: versions only rise.
    structuralSharing: (held, next) => {
      const before = held as RunAnswer | undefined
      const after = next as RunAnswer
      return before && before.run.version > after.run.version ? before : after
    },
    refetchInterval: (query) => (query.state.data && over(query.state.data.run.state) ? 15_000 : pollMs(1000, 5000)()),
    retry: 2,
  })

export const runsQuery = queryOptions({
  queryKey: ['run', 'list'] as const,
  queryFn: ({ signal }) => read<{ runs: RunSummary[] }>('/api/runs', signal),
  refetchInterval: pollMs(5000),
})

/** Runs that are not over: all that the frame needs of runs. */
export const activeRunsQuery = queryOptions({
  queryKey: activeRunsKey,
  queryFn: ({ signal }) => read<{ runs: RunSummary[] }>('/api/runs?active', signal),
  refetchInterval: pollMs(5000),
  retry: 1,
})

export interface PreflightInput {
  slug: string
  mode: RunMode
  inputs: Record<string, string | number>
}

const askMs = 8000

/** Asks a runner to look at the prerequisites. Throws when the War Room does not answer. */
export async function askPreflight(input: PreflightInput): Promise<ActionResult<{ id: string }>> {
  const response = await fetch('/api/preflights', {
    method: 'POST',
    body: JSON.stringify(input),
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(askMs),
  })
  return (await response.json()) as ActionResult<{ id: string }>
}

export const preflightQuery = (id: string) =>
  queryOptions({
    queryKey: ['preflight', id] as const,
    queryFn: ({ signal }) => read<PreflightView>(`/api/preflights/${encodeURIComponent(id)}`, signal),
    refetchInterval: (query) =>
      query.state.data?.state === 'done' || query.state.data?.state === 'failed' ? false : 300,
  })

/** Lines in one page of output. */
export const outputPage = 500

/** The pages that hold the lines from one row to another; rows count from 0. */
export function pagesFor(first: number, last: number, total: number): number[] {
  if (total === 0) return []
  const page = (row: number) => Math.floor(Math.min(Math.max(row, 0), total - 1) / outputPage)
  return Array.from({ length: page(last) - page(first) + 1 }, (_, i) => page(first) + i)
}

/**
 * The lines of a run's output between two rows, whatever its length: only the pages that are looked at are read and held.
 * The last page grows with `total` and asks for what it lacks.
 */
export function useOutputRows(id: string, total: number, first: number, last: number) {
  const client = useQueryClient()
  const pages = pagesFor(first, last, total)
  const held = useQueries({
    queries: pages.map((page) => {
      const queryKey = ['run-output', id, page] as const
      return {
        queryKey,
        queryFn: async ({ signal }: { signal: AbortSignal }) => {
          const before = client.getQueryData<OutputLine[]>(queryKey) ?? []
          const after = page * outputPage + before.length
          const { lines } = await read<{ lines: OutputLine[] }>(
            `/api/runs/${encodeURIComponent(id)}/output?after=${after}&limit=${outputPage - before.length}`,
            signal,
          )
          return [...before, ...lines]
        },
        staleTime: Number.POSITIVE_INFINITY,
        gcTime: 30_000,
        retry: 2,
      }
    }),
  })
  useEffect(() => {
    pages.forEach((page, i) => {
      const query = held[i]
      const wanted = Math.min(outputPage, total - page * outputPage)
      if (query?.data && query.data.length < wanted && !query.isFetching && !query.error) void query.refetch()
    })
  })
  return {
    line: (row: number): OutputLine | null =>
      held[pages.indexOf(Math.floor(row / outputPage))]?.data?.[row % outputPage] ?? null,
    error: held.find((query) => query.error)?.error ?? null,
  }
}

/** Lines that hold some words, the oldest first; the store looks through them. Nothing is asked for without words. */
export function useOutputSearch(id: string, words: string, total: number) {
  return useQuery({
    queryKey: ['run-output-search', id, words, total] as const,
    enabled: words !== '',
    queryFn: ({ signal }) =>
      read<{ lines: OutputLine[]; found: number }>(
        `/api/runs/${encodeURIComponent(id)}/output?search=${encodeURIComponent(words)}`,
        signal,
      ),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  })
}

/** A run, live. */
export function useRun(id: string) {
  return useQuery(runQuery(id))
}
