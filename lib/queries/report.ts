import { queryOptions } from '@tanstack/react-query'
import type { ReportView, TrendsView } from '../domain/incident/view'
import { read } from './cluster'

/** The report: figures are computed at each reading, words are by people. */
export const reportQuery = (number: number) =>
  queryOptions({
    queryKey: ['report', String(number)] as const,
    queryFn: ({ signal }) => read<ReportView>(`/api/incidents/${number}/report`, signal),
    refetchInterval: 5000,
    retry: 2,
  })

export const trendsQuery = queryOptions({
  queryKey: ['report', 'list'] as const,
  queryFn: ({ signal }) => read<TrendsView>('/api/reports', signal),
  refetchInterval: 15_000,
  retry: 1,
})
