/*
 * One live feed for all tabs of a browser. Over HTTP/1.1 a browser opens six connections to a site; a stream for each tab would
 * take them all, and the seventh tab would never load. So one tab reads the stream and tells the others
 * (docs/decisions/0075).
 */

/** What a tab hears, whoever reads the stream. */
export type Heard =
  | { kind: 'open' }
  | { kind: 'lost' }
  | { kind: 'event'; name: string; data: string }
  /** Something may have been told that nobody heard. */
  | { kind: 'missed' }

/** What tabs say to each other. `says` comes from the tab that reads; `from` settles which of two goes on. */
type Said =
  | { kind: 'says'; from: string; heard: Heard }
  /** A tab reads; said when it begins, and again and again: where nothing happens the others must know that it is awake. */
  | { kind: 'reads'; from: string }
  /** A tab has come and wants to know how things stand. */
  | { kind: 'asks' }
  /** The tab that reads is closed. */
  | { kind: 'leaves' }

const eventNames = ['hello', 'snapshot', 'lag', 'mark', 'changed'] as const
const channelName = 'warroom-feed'
/** A tab that reads answers a newcomer within this. */
const answersMs = 150
/** The reading tab says something every two seconds; silence for longer means that it sleeps. */
const sleepsMs = 5000
/** A tab that nobody looks at takes over later: it may soon sleep itself. */
const unseenMs = 15_000
const tellsMs = 2000
const retryFromMs = 500
const retryToMs = 8000

interface Surroundings {
  url: string
  openStream(url: string): EventSource
  seen(): boolean
}

const browser: Surroundings = {
  url: '/api/live',
  openStream: (url) => new EventSource(url),
  seen: () => document.visibilityState === 'visible',
}

/** Hears the feed, by its own stream or by that of another tab, until the answer is called. */
export function hearFeed(hear: (heard: Heard) => void, { url, openStream, seen }: Surroundings = browser): () => void {
  const own = Math.random().toString(36).slice(2)
  const channel = new BroadcastChannel(channelName)
  let reading: ReturnType<typeof readStream> | null = null
  let heardAt = Date.now()

  const say = (said: Said) => channel.postMessage(said)
  const tell = (heard: Heard) => {
    heardAt = Date.now()
    say({ kind: 'says', from: own, heard })
    hear(heard)
  }
  const read = (again: boolean) => {
    if (reading) return
    heardAt = Date.now()
    say({ kind: 'reads', from: own })
    reading = readStream(() => openStream(url), tell)
    if (again) tell({ kind: 'missed' })
  }
  const leave = () => {
    reading?.close()
    reading = null
  }

  channel.onmessage = ({ data }: MessageEvent<Said>) => {
    switch (data.kind) {
      case 'reads':
      case 'says':
        heardAt = Date.now()
        // Where two tabs read, the one goes on that both know to be first.
        if (reading && data.from < own) leave()
        if (reading) say({ kind: 'reads', from: own })
        else if (data.kind === 'says') hear(data.heard)
        return
      case 'asks':
        for (const heard of reading?.state() ?? []) say({ kind: 'says', from: own, heard })
        return
      case 'leaves':
        // The first that is awake takes over, and the others hear of it.
        heardAt = 0
        setTimeout(look, 20 + Math.random() * 300)
        return
      default:
        data satisfies never
    }
  }
  const look = () => {
    if (!reading && Date.now() - heardAt > (seen() ? sleepsMs : unseenMs)) read(true)
  }

  say({ kind: 'asks' })
  const asked = heardAt
  const first = setTimeout(() => heardAt === asked && read(false), answersMs * (1 + Math.random()))
  const watch = setInterval(look, 1000)
  const awake = setInterval(() => reading && say({ kind: 'reads', from: own }), tellsMs)
  const onLeave = () => {
    if (!reading) return
    leave()
    say({ kind: 'leaves' })
  }
  globalThis.addEventListener?.('pagehide', onLeave)

  return () => {
    clearTimeout(first)
    clearInterval(watch)
    clearInterval(awake)
    globalThis.removeEventListener?.('pagehide', onLeave)
    onLeave()
    channel.close()
  }
}

/**
 * Reads the stream. The browser reconnects by itself after a broken connection and is sent what it missed (Last-Event-ID); after
 * a refusal it gives up, so then we try again ourselves, and something may have been missed.
 */
function readStream(openStream: () => EventSource, tell: (heard: Heard) => void) {
  let source: EventSource | null = null
  let retry: ReturnType<typeof setTimeout> | null = null
  let retryMs = retryFromMs
  let missed = false
  let link: Heard = { kind: 'lost' }
  const newest = new Map<string, Heard>()

  const open = () => {
    source = openStream()
    source.onopen = () => {
      retryMs = retryFromMs
      link = { kind: 'open' }
      tell(link)
      if (missed) tell({ kind: 'missed' })
      missed = false
    }
    source.onerror = () => {
      link = { kind: 'lost' }
      tell(link)
      if (source?.readyState !== EventSource.CLOSED || retry) return
      missed = true
      retry = setTimeout(() => {
        retry = null
        source?.close()
        open()
      }, retryMs)
      retryMs = Math.min(retryMs * 2, retryToMs)
    }
    for (const name of eventNames)
      source.addEventListener(name, (event) => {
        const heard: Heard = { kind: 'event', name, data: (event as MessageEvent<string>).data }
        if (name === 'hello' || name === 'snapshot') newest.set(name, heard)
        tell(heard)
      })
  }
  open()
  return {
    /** How things stand, for a tab that has just come. */
    state: (): Heard[] => [link, ...newest.values()],
    close() {
      if (retry) clearTimeout(retry)
      source?.close()
    },
  }
}
