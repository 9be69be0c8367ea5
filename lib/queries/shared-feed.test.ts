import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Heard, hearFeed } from './shared-feed'

/*
 * Ten tabs of one browser: a stream for each would take every connection that the browser opens to one site. One tab reads, the
 * others hear it; and when that tab is closed, sleeps, or two began at once, one goes on.
 */
class Stream extends EventTarget {
  static open: Stream[] = []
  readyState = 1
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  constructor() {
    super()
    Stream.open.push(this)
  }
  close() {
    Stream.open = Stream.open.filter((stream) => stream !== this)
  }
  says(name: string, data: string) {
    this.dispatchEvent(new MessageEvent(name, { data }))
  }
}

interface Tab {
  heard: Heard[]
  close(): void
}
const tabs: Tab[] = []
function openTab(seen = true): Tab {
  const heard: Heard[] = []
  const stop = hearFeed((word) => heard.push(word), {
    url: '/api/live',
    openStream: () => new Stream() as unknown as EventSource,
    seen: () => seen,
  })
  const tab = {
    heard,
    close() {
      stop()
      tabs.splice(tabs.indexOf(tab), 1)
    },
  }
  tabs.push(tab)
  return tab
}
/** Messages between tabs arrive. */
const delivered = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}
const pass = async (ms: number) => {
  for (let gone = 0; gone < ms; gone += 50) {
    vi.advanceTimersByTime(50)
    await delivered()
  }
}
const events = ({ heard }: Tab) => heard.flatMap((word) => (word.kind === 'event' ? [`${word.name} ${word.data}`] : []))
const missed = ({ heard }: Tab) => heard.filter(({ kind }) => kind === 'missed').length
const stream = (): Stream => {
  const [only, ...more] = Stream.open
  if (!only || more.length) throw new Error(`${Stream.open.length} streams are open`)
  return only
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
  vi.stubGlobal('EventSource', { CLOSED: 2 })
})
afterEach(async () => {
  for (const tab of [...tabs]) tab.close()
  await delivered()
  Stream.open = []
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('the feed of many tabs', () => {
  test('is one stream, which all of them hear', async () => {
    const ten = Array.from({ length: 10 }, () => openTab())
    await pass(500)
    stream().onopen?.()
    stream().says('snapshot', '1')
    stream().says('changed', '2')
    await delivered()
    for (const tab of ten) expect(events(tab)).toEqual(['snapshot 1', 'changed 2'])
  })

  test('tells a tab that comes later how things stand, and opens no stream for it', async () => {
    openTab()
    await pass(500)
    stream().onopen?.()
    stream().says('hello', 'a')
    stream().says('snapshot', '1')
    stream().says('snapshot', '2')
    const late = openTab()
    await pass(500)
    expect(events(late)).toEqual(['hello a', 'snapshot 2'])
    expect(late.heard[0]).toEqual({ kind: 'open' })
    expect(Stream.open).toHaveLength(1)
  })

  test('goes on when the tab that reads is closed, and what was told meanwhile is read again', async () => {
    const first = openTab()
    await pass(500)
    const [second, third] = [openTab(), openTab()]
    await pass(500)
    first.close()
    await pass(500)
    stream().says('snapshot', '3')
    await delivered()
    for (const tab of [second, third]) {
      expect(events(tab)).toEqual(['snapshot 3'])
      expect(missed(tab)).toBeGreaterThanOrEqual(1)
    }
  })

  test('is taken over from a tab that sleeps, first by one that somebody looks at', async () => {
    const asleep = new BroadcastChannel('warroom-feed')
    const says = (heard: Heard) => asleep.postMessage({ kind: 'says', from: '', heard })
    const [hidden, seen] = [openTab(false), openTab()]
    says({ kind: 'open' })
    await pass(4000)
    expect(Stream.open).toHaveLength(0)
    await pass(3000)
    stream().says('snapshot', 'new')
    await delivered()
    expect([events(hidden), events(seen)]).toEqual([['snapshot new'], ['snapshot new']])
    expect([missed(hidden), missed(seen)]).toEqual([1, 1])
    // The sleeper wakes up and goes on: one of the two stops.
    says({ kind: 'event', name: 'snapshot', data: 'newer' })
    await delivered()
    expect(Stream.open).toHaveLength(0)
    asleep.close()
  })

  test('whose server is away stays with its tab', async () => {
    openTab()
    await pass(500)
    openTab()
    await pass(500)
    stream().onerror?.()
    await pass(20_000)
    expect(Stream.open).toHaveLength(1)
  })
})
