import { queryOptions } from '@tanstack/react-query'
import type { LagHistory } from '../domain/cluster/feed'
import type { Snapshot } from '../domain/cluster/types'
import type { WallView } from '../domain/incident/view'
import { read } from './cluster'
import { newerSnapshot } from './merge'

export interface WallAnswer {
  wall: WallView
  snapshot: Snapshot | null
}

/** What the wall shows, each second, opened by its link alone. */
export const wallQuery = (link: string | null) =>
  queryOptions({
    queryKey: ['wall', link ?? ''] as const,
    queryFn: ({ signal }) => read<WallAnswer>(`/api/wall${link ? `?link=${encodeURIComponent(link)}` : ''}`, signal),
    structuralSharing: (held, next) => {
      const before = held as WallAnswer | undefined
      const after = next as WallAnswer
      return { wall: after.wall, snapshot: newerSnapshot(before?.snapshot, after.snapshot) }
    },
    refetchInterval: 1000,
    refetchIntervalInBackground: true,
    retry: false,
  })

export const wallLagQuery = (link: string | null) =>
  queryOptions({
    queryKey: ['wall-lag', link ?? ''] as const,
    queryFn: ({ signal }) =>
      read<LagHistory>(`/api/wall/history${link ? `?link=${encodeURIComponent(link)}` : ''}`, signal),
    refetchInterval: 5000,
    refetchIntervalInBackground: true,
    retry: false,
  })
