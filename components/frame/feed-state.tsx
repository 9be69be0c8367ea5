'use client'

import { useNowSelect } from '../../lib/queries/clock'
import { useSnapshotPart } from '../../lib/queries/cluster'
import { useFeedState } from '../../lib/queries/feed-state'
import { sightOf, snapshotEveryMs } from '../../lib/queries/sight'
import { formatAge } from '../../lib/web/present/format'
import { type State, StateWord } from '../ui/state'

/** State of the live feed, from the age of what was last observed, never from an open connection alone. */
export function FeedStateMark() {
  const feed = useFeedState()
  const takenAt = useSnapshotPart((s) => s.takenAt)
  const sight = useNowSelect((now) => sightOf(takenAt, snapshotEveryMs, now), 'live')
  const age = useNowSelect((now) => (takenAt === null || now === 0 ? '' : formatAge(now - takenAt)), '')
  const { state, word, why } = presentFeed(takenAt, sight, feed)
  return (
    <span className="flex items-center gap-1.5" title={why} role="status" aria-label={`Live feed: ${word}. ${why}`}>
      <StateWord state={state} word={word} />
      <span className="age w-[38px]" aria-hidden>
        {age}
      </span>
    </span>
  )
}

function presentFeed(
  takenAt: number | null,
  sight: 'live' | 'late' | 'blind',
  feed: ReturnType<typeof useFeedState>,
): { state: State; word: string; why: string } {
  if (takenAt === null || feed.link === 'connecting')
    return feed.link === 'lost'
      ? { state: 'problem', word: 'NO FEED', why: 'The War Room is not responding. Retrying.' }
      : !feed.followed
        ? { state: 'problem', word: 'NO FEED', why: 'No runner responds, so nothing is observed.' }
        : { state: 'working', word: 'CONNECTING', why: 'Loading cluster state...' }
  if (sight === 'blind')
    return { state: 'problem', word: 'BLIND', why: 'Nothing has been observed for more than 1 min.' }
  if (sight === 'late')
    return feed.followed
      ? { state: 'unknown', word: 'LATE', why: 'The last snapshot is older than three intervals.' }
      : { state: 'unknown', word: 'LATE', why: 'No runner responds. The last snapshot is shown with its age.' }
  if (!feed.speaking) return { state: 'lagging', word: 'POLLING', why: 'The feed is silent. Polling every 2 s.' }
  return { state: 'ok', word: 'LIVE', why: 'Snapshots arrive live.' }
}
