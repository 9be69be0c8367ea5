import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { LagHistory } from '../domain/cluster/feed'
import type { LagPoint, Mark, Snapshot } from '../domain/cluster/types'
import { lagHistoryKey, snapshotQuery } from './cluster'
import { setFeedState } from './feed-state'
import { snapshotKey } from './keys'
import { appendLag, appendMark } from './merge'
import { refresher } from './refresh'

/** A feed that has said nothing for this long is not speaking: the runner publishes at least once a second. */
const silentMs = 3500
/** Between two readings of what every write of a run changes a little. */
const incidentRestMs = 1500
const timelineRestMs = 300
const retryFromMs = 500
const retryToMs = 8000

/**
 * Follows the live feed until stopped. The browser reconnects by itself after a broken connection and is sent what it
 * missed (Last-Event-ID); after a refusal it gives up, so then we try again ourselves and read the history anew.
 */
function followFeed(client: QueryClient, url = '/api/live'): () => void {
  let source: EventSource | null = null
  let retry: ReturnType<typeof setTimeout> | null = null
  let retryMs = retryFromMs
  let lastEventAt = 0
  let missed = false

  const refresh = refresher(client)
  const heard = () => {
    lastEventAt = Date.now()
    setFeedState({ link: 'open', speaking: true, lastEventAt })
  }

  const on = <T>(name: string, take: (data: T) => void) =>
    source?.addEventListener(name, (event) => {
      heard()
      take(JSON.parse((event as MessageEvent<string>).data) as T)
    })

  const eachHistory = (change: (history: LagHistory) => LagHistory) =>
    client.setQueriesData<LagHistory>({ queryKey: lagHistoryKey }, (held) => (held ? change(held) : held))

  const open = () => {
    source = new EventSource(url)
    source.onopen = () => {
      retryMs = retryFromMs
      setFeedState({ link: 'open' })
      if (missed) void client.invalidateQueries({ queryKey: lagHistoryKey })
      missed = false
    }
    source.onerror = () => {
      setFeedState({ link: 'lost', speaking: false })
      if (source?.readyState !== EventSource.CLOSED || retry) return
      missed = true
      retry = setTimeout(() => {
        retry = null
        source?.close()
        open()
      }, retryMs)
      retryMs = Math.min(retryMs * 2, retryToMs)
    }
    source.addEventListener('hello', (event) => {
      const hello = JSON.parse((event as MessageEvent<string>).data) as { connected: boolean }
      setFeedState({ followed: hello.connected })
    })
    on<Snapshot>('snapshot', (snapshot) => client.setQueryData(snapshotKey, snapshot))
    on<LagPoint>('lag', (point) => eachHistory((history) => appendLag(history, point)))
    on<Mark>('mark', (mark) => eachHistory((history) => appendMark(history, mark)))
    // Readers of the store keep their queries under the name of the thing, then its id.
    on<{ what: string; ids: string[] }>('changed', ({ what, ids }) => {
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
    })
  }

  open()
  const watch = setInterval(() => {
    if (lastEventAt && Date.now() - lastEventAt > silentMs) setFeedState({ speaking: false })
  }, 1000)
  // A first picture by request, in case the feed is slow to open; the older of the two is dropped.
  void client.prefetchQuery(snapshotQuery)

  return () => {
    clearInterval(watch)
    if (retry) clearTimeout(retry)
    source?.close()
    setFeedState({ link: 'connecting', speaking: false })
  }
}

/** Keeps the live feed open while mounted. One place in the frame uses it. */
export function useLiveFeed(): void {
  const client = useQueryClient()
  useEffect(() => followFeed(client), [client])
}
