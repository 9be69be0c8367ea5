import { queryOptions } from '@tanstack/react-query'
import type { WallLinksView } from '../domain/incident/view'
import { read } from './cluster'
import { wallLinksKey } from './keys'

export const wallLinksQuery = queryOptions({
  queryKey: wallLinksKey,
  queryFn: ({ signal }) => read<WallLinksView>('/api/wall-links', signal),
  refetchInterval: 15_000,
  retry: 1,
})
