import { queryOptions } from '@tanstack/react-query'
import type { WallPicture } from '../domain/wall/picture'
import type { WallLag, WallView } from '../domain/wall/view'
import { QueryError, read } from './cluster'
import { newerSnapshot } from './merge'

export interface WallAnswer {
  wall: WallView
  picture: WallPicture | null
  /** When it came, by two clocks of the browser: one may be set, the other stands still while the machine sleeps. */
  heard: { date: number; ticks: number }
}

/** How long ago an answer came, ms; the longer of the two clocks' words. */
export const silentMs = ({ heard }: WallAnswer): number =>
  Math.max(0, Date.now() - heard.date, performance.now() - heard.ticks)

/** The link was ended, or nobody is signed in: what was seen before must not be seen any longer. */
export const isShut = (error: Error | null): boolean => error instanceof QueryError && error.status === 401

/** Half a second, so that what is declared is on the wall within one, however the two fall. */
const pollMs = 500
/** An ended link is asked again now and then: whoever signs in beside it sees the wall again. */
const shutPollMs = 10_000

const at = (path: string, link: string | null) => (link ? `${path}?link=${encodeURIComponent(link)}` : path)

/** What the wall shows, twice a second, opened by its link alone. */
export const wallQuery = (link: string | null) =>
  queryOptions({
    queryKey: ['wall', link ?? ''] as const,
    queryFn: async ({ signal }): Promise<WallAnswer> => ({
      ...(await read<Omit<WallAnswer, 'heard'>>(at('/api/wall', link), signal)),
      heard: { date: Date.now(), ticks: performance.now() },
    }),
    structuralSharing: (held, next) => {
      const before = held as WallAnswer | undefined
      const after = next as WallAnswer
      return { ...after, picture: newerSnapshot(before?.picture, after.picture) }
    },
    refetchInterval: (query) => (isShut(query.state.error) ? shutPollMs : pollMs),
    refetchIntervalInBackground: true,
    retry: false,
  })

export const wallLagQuery = (link: string | null) =>
  queryOptions({
    queryKey: ['wall-lag', link ?? ''] as const,
    queryFn: ({ signal }) => read<WallLag>(at('/api/wall/history', link), signal),
    structuralSharing: false,
    refetchInterval: (query) => (isShut(query.state.error) ? shutPollMs : 5000),
    refetchIntervalInBackground: true,
    retry: false,
  })
