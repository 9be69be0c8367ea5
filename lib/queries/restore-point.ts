import { queryOptions } from '@tanstack/react-query'
import type { RestorePointView } from '../domain/restore-point/marks'
import { read } from './cluster'
import { restorePointKey } from './keys'

/** The restore window moves on: it is read again while somebody looks for a point in it, for this incident. */
export const restorePointQuery = (incident: number | null) =>
  queryOptions({
    queryKey: restorePointKey(incident),
    queryFn: ({ signal }) =>
      read<RestorePointView>(`/api/restore-point${incident === null ? '' : `?incident=${incident}`}`, signal),
    refetchInterval: 15_000,
    retry: 1,
  })
