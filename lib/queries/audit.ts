import { keepPreviousData, queryOptions, useInfiniteQuery } from '@tanstack/react-query'
import type { AuditPart, AuditView, RecordCheck } from '../domain/record/audit'
import { read } from './cluster'
import { auditKey } from './keys'

/** The audit trail by page, as far back as somebody has asked. */
export function useAuditPages(filter: { part: AuditPart | null; search: string }) {
  return useInfiniteQuery({
    queryKey: auditKey(filter),
    initialPageParam: null as number | null,
    queryFn: ({ signal, pageParam }) => {
      const query = new URLSearchParams()
      if (filter.part) query.set('part', filter.part)
      if (filter.search) query.set('search', filter.search)
      if (pageParam !== null) query.set('before', String(pageParam))
      return read<AuditView>(`/api/record?${query}`, signal)
    },
    getNextPageParam: (last) => last.before,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => 15_000 * (query.state.data?.pages.length ?? 1),
    retry: 1,
  })
}

/** A hundred thousand entries are walked in about six seconds. */
const walkWithinMs = 300_000

/** The walk of the whole chain, done when somebody asks for it. */
export const recordCheckQuery = queryOptions({
  queryKey: ['audit-check'] as const,
  queryFn: ({ signal }) => read<RecordCheck>('/api/record/check', signal, walkWithinMs),
  enabled: false,
  retry: false,
})
