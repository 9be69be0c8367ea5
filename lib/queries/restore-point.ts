import { queryOptions } from '@tanstack/react-query'
import type { RestorePointView } from '../domain/restore-point/marks'
import { read } from './cluster'
import { restorePointKey } from './keys'

/** The restore window moves on: it is read again while somebody looks for a point in it. */
export const restorePointQuery = queryOptions({
  queryKey: restorePointKey,
  queryFn: ({ signal }) => read<RestorePointView>('/api/restore-point', signal),
  refetchInterval: 15_000,
  retry: 1,
})
