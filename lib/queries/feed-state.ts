import { useSyncExternalStore } from 'react'

/**
 * What we know of the live feed itself. `speaking` is false when it has been silent for longer than a runner ever is;
 * then the snapshot is polled instead. `followed` is the web's own connection to a leading runner.
 */
interface FeedState {
  link: 'connecting' | 'open' | 'lost'
  speaking: boolean
  followed: boolean
  lastEventAt: number | null
  /** Which build answers now; null before it was told. */
  build: string | null
}

const atFirst: FeedState = { link: 'connecting', speaking: false, followed: true, lastEventAt: null, build: null }
let state = { ...atFirst }
const listeners = new Set<() => void>()

export function feedState(): FeedState {
  return state
}

/** Between two looks at what the feed tells of, ms: often while it is silent, now and then to mend a word that was lost. */
export const pollMs =
  (silentMs: number, speakingMs = 15_000) =>
  (): number =>
    state.speaking ? speakingMs : silentMs

/** Changes what is known; tells the listeners only when something that is shown changed. */
export function setFeedState(change: Partial<FeedState>): void {
  const next = { ...state, ...change }
  const shown =
    next.link !== state.link ||
    next.speaking !== state.speaking ||
    next.followed !== state.followed ||
    next.build !== state.build
  // The time of the last event changes many times a second and is read by the ticker, not announced.
  if (!shown) {
    state.lastEventAt = next.lastEventAt
    return
  }
  state = next
  for (const listener of listeners) listener()
}

export function useFeedState(): FeedState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    feedState,
    () => atFirst,
  )
}
