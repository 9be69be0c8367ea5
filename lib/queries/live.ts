import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { LagHistory } from '../domain/cluster/feed'
import type { LagPoint, Mark, Snapshot } from '../domain/cluster/types'
import { lagHistoryKey, snapshotQuery } from './cluster'
import { setFeedState } from './feed-state'
import { snapshotKey } from './keys'
import { appendLag, appendMark } from './merge'
import { refresher } from './refresh'
import { type Heard, hearFeed } from './shared-feed'

/** A feed that has said nothing for this long is not speaking: the runner publishes at least once a second. */
const silentMs = 3500
/** A tab that has heard nothing for this long slept, or its link did: what was told meanwhile is read again. */
const sleptMs = 10_000
/** Between two readings of what every write of a run changes a little. */
const incidentRestMs = 1500
const timelineRestMs = 300

/** Keeps the cache as new as the feed, until the answer is called. */
export function followFeed(client: QueryClient, hearing = hearFeed): () => void {
  let lastEventAt = 0
  const refresh = refresher(client)

  const heard = () => {
    if (lastEventAt && Date.now() - lastEventAt > sleptMs) readAgain(client)
    lastEventAt = Date.now()
    setFeedState({ link: 'open', speaking: true, lastEventAt })
  }
  const eachHistory = (change: (history: LagHistory) => LagHistory) =>
    client.setQueriesData<LagHistory>({ queryKey: lagHistoryKey }, (held) => (held ? change(held) : held))

  const take = (name: string, data: unknown) => {
    switch (name) {
      case 'hello': {
        const { connected, build } = data as { connected: boolean; build: string }
        setFeedState({ followed: connected, build })
        return
      }
      case 'snapshot':
        client.setQueryData(snapshotKey, data as Snapshot)
        return
      case 'lag':
        eachHistory((history) => appendLag(history, data as LagPoint))
        return
      case 'mark':
        eachHistory((history) => appendMark(history, data as Mark))
        return
      case 'changed':
        changed(data as { what: string; ids: string[] })
        return
    }
  }
  // Readers of the store keep their queries under the name of the thing, then its id.
  const changed = ({ what, ids }: { what: string; ids: string[] }) => {
    void refresh([what, 'list'])
    for (const id of ids) {
      void refresh([what, id])
      // A report is made of its incident: who reads it sees what others write.
      if (what === 'incident') void refresh(['report', id])
    }
    if (what !== 'incident' && what !== 'run') return
    void refresh(['incident-timeline-news'], timelineRestMs)
    // An incident shows how its runs go.
    if (what === 'run') void refresh(['incident'], incidentRestMs)
  }

  const hear = (word: Heard) => {
    switch (word.kind) {
      case 'open':
        setFeedState({ link: 'open' })
        return
      case 'lost':
        setFeedState({ link: 'lost', speaking: false })
        return
      case 'missed':
        readAgain(client)
        return
      case 'event':
        // How the link stands is no word of the cluster.
        if (word.name !== 'hello') heard()
        take(word.name, JSON.parse(word.data))
        return
      default:
        word satisfies never
    }
  }

  const stop = hearing(hear)
  let spoke = false
  const watch = setInterval(() => {
    const speaking = lastEventAt > 0 && Date.now() - lastEventAt <= silentMs
    if (!speaking) setFeedState({ speaking: false })
    // What was polled seldom because the feed spoke is polled often from here on.
    if (spoke && !speaking) readAgain(client)
    spoke = speaking
  }, 1000)
  const onAwake = (event: Event) => {
    if (event.type === 'resume' || (event as PageTransitionEvent).persisted) readAgain(client)
  }
  globalThis.addEventListener?.('pageshow', onAwake)
  globalThis.document?.addEventListener('resume', onAwake)
  // A first picture by request, where the page came without one; the older of the two is dropped.
  void client.prefetchQuery(snapshotQuery)

  return () => {
    clearInterval(watch)
    globalThis.removeEventListener?.('pageshow', onAwake)
    globalThis.document?.removeEventListener('resume', onAwake)
    stop()
    setFeedState({ link: 'connecting', speaking: false })
  }
}

/** Reads everything on screen once more. The pages of a timeline and of an output ask for what is new by themselves. */
function readAgain(client: QueryClient): void {
  void client.invalidateQueries(
    { predicate: ({ queryKey }) => queryKey[0] !== 'incident-timeline' && queryKey[0] !== 'run-output' },
    { cancelRefetch: false },
  )
}

/** Keeps the live feed open while mounted. One place in the frame uses it. */
export function useLiveFeed(): void {
  const client = useQueryClient()
  useEffect(() => followFeed(client), [client])
}
