import { queryOptions } from '@tanstack/react-query'
import type { RestorePointView } from '../domain/restore-point/marks'
import { read } from './cluster'

/** The restore window moves on: it is read again while somebody looks for a point in it. */
export const restorePointQuery = queryOptions({
  queryKey: ['restore-point'] as const,
  queryFn: ({ signal }) => read<RestorePointView>('/api/restore-point', signal),
  refetchInterval: 15_000,
  retry: 1,
})
