import { queryOptions } from '@tanstack/react-query'
import type { WallLinksView } from '../domain/incident/view'
import { read } from './cluster'

export const wallLinksQuery = queryOptions({
  queryKey: ['wall-links'] as const,
  queryFn: ({ signal }) => read<WallLinksView>('/api/wall-links', signal),
  refetchInterval: 15_000,
  retry: 1,
})
