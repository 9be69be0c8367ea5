import { queryOptions } from '@tanstack/react-query'
import type { ReportView, TrendsView } from '../domain/incident/view'
import type { ReportLag, ReportSectionVersion } from '../domain/report/view'
import { read } from './cluster'
import { pollMs } from './feed-state'
import { reportKey, reportLagKey, trendsKey } from './keys'

/** The report: figures are computed at each reading, words are by people. */
export const reportQuery = (number: number) =>
  queryOptions({
    queryKey: reportKey(number),
    queryFn: ({ signal }) => read<ReportView>(`/api/incidents/${number}/report`, signal),
    refetchInterval: pollMs(5000),
    retry: 2,
  })

/** A version that was saved stays as it is, so a list is as good as its newest. */
export const sectionVersionsQuery = (number: number, key: string, newest: number) =>
  queryOptions({
    queryKey: ['report-versions', String(number), key, newest] as const,
    queryFn: ({ signal }) => read<ReportSectionVersion[]>(`/api/incidents/${number}/report/${key}`, signal),
    staleTime: Number.POSITIVE_INFINITY,
    retry: 1,
  })

export const trendsQuery = queryOptions({
  queryKey: trendsKey,
  queryFn: ({ signal }) => read<TrendsView>('/api/reports', signal),
  refetchInterval: 15_000,
  retry: 1,
})

/** The lag around an incident: it is over once and for all some minutes after the end. */
export const reportLagQuery = (number: number) =>
  queryOptions({
    queryKey: reportLagKey(number),
    queryFn: ({ signal }) => read<ReportLag>(`/api/incidents/${number}/lag`, signal),
    refetchInterval: 30_000,
    retry: 1,
  })
