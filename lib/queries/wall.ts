import { queryOptions } from '@tanstack/react-query'
import type { WallPicture } from '../domain/wall/picture'
import type { WallLag, WallView } from '../domain/wall/view'
import { QueryError, read } from './cluster'
import { wallKey, wallLagKey } from './keys'
import { newerSnapshot } from './merge'

export interface WallAnswer {
  wall: WallView
  picture: WallPicture | null
  /**
   * When it came, by two clocks of the browser: one may be set, the other stands still while the machine sleeps. Null came with
   * the page.
   */
  heard: { date: number; ticks: number } | null
}

/** How long ago an answer came, ms; the longer of the two clocks' words. */
export const silentMs = ({ heard }: WallAnswer): number =>
  heard ? Math.max(0, Date.now() - heard.date, performance.now() - heard.ticks) : performance.now()

/** The link was ended, or nobody is signed in: what was seen before must not be seen any longer. */
export const isShut = (error: Error | null): boolean => error instanceof QueryError && error.status === 401

/** Half a second, so that what is declared is on the wall within one, however the two fall. */
const pollMs = 500
/** An ended link is asked again now and then: whoever signs in beside it sees the wall again. */
const shutPollMs = 10_000

/**
 * The token in the address of a wall link, null without one. It is in the fragment, which is sent to nobody; links that
 * were made before had it in the query.
 */
export function tokenIn(address: string): string | null {
  const url = new URL(address)
  return new URLSearchParams(url.hash.slice(1)).get('link') ?? url.searchParams.get('link')
}

/**
 * Opens the wall before it is asked for: the token of the address becomes a cookie that no script can read, and leaves the
 * address and the history. Resolves also when the link is refused: whoever is signed in sees the wall all the same.
 */
export const wallOpeningQuery = queryOptions({
  queryKey: ['wall-opening'] as const,
  queryFn: async ({ signal }): Promise<true> => {
    const token = tokenIn(window.location.href)
    if (token === null) return true
    const answer = await fetch('/api/wall/link', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(8000)]),
    })
    if (!answer.ok && answer.status !== 401)
      throw new QueryError(`The War Room answered ${answer.status}.`, answer.status)
    window.history.replaceState(null, '', window.location.pathname)
    return true
  },
  staleTime: Number.POSITIVE_INFINITY,
  retry: true,
  retryDelay: 1000,
})

/** What the wall shows, twice a second. */
export const wallQuery = queryOptions({
  queryKey: wallKey,
  queryFn: async ({ signal }): Promise<WallAnswer> => ({
    ...(await read<Omit<WallAnswer, 'heard'>>('/api/wall', signal)),
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

export const wallLagQuery = queryOptions({
  queryKey: wallLagKey,
  queryFn: ({ signal }) => read<WallLag>('/api/wall/history', signal),
  structuralSharing: false,
  refetchInterval: (query) => (isShut(query.state.error) ? shutPollMs : 5000),
  refetchIntervalInBackground: true,
  retry: false,
})
