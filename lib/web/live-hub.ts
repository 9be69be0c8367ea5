import { createParser } from 'eventsource-parser'
import type { FeedHello, LagHistory } from '../domain/cluster/feed'
import type { Snapshot } from '../domain/cluster/types'

/** One event, serialised once for all viewers. */
interface Framed {
  id: string
  bytes: Uint8Array
}

type HubListener = (bytes: Uint8Array) => void

interface Runner {
  url: string
  hello: FeedHello | null
  connected: boolean
  failingSince: number | null
  error: string | null
  lastByteAt: number
  abort: AbortController
}

/** Replayed after a reconnect: 15 min of one lag point a second, and the marks and changes between them. */
const ringSize = 1200
/** A feed that is silent this long is half-open: a runner pings every second. */
const silentMs = 4000
const retryMs = 500

const encoder = new TextEncoder()
const frame = (event: string, data: string, id?: string) =>
  encoder.encode(`${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${data}\n\n`)

/**
 * The web's one subscription to the runners, fanned out to every browser. It follows the leader with the highest
 * epoch; a standby's feed is kept open, so that a take-over costs no connection set-up.
 */
export class LiveHub {
  private readonly runners: Runner[]
  private readonly listeners = new Set<HubListener>()
  private readonly ring: Framed[] = []
  private leader: Runner | null = null
  private readonly outgoing: Uint8Array[] = []
  private newest: { snapshot: Snapshot; bytes: Uint8Array } | null = null
  private readonly watchdog: NodeJS.Timeout

  constructor(
    urls: string[],
    private readonly secret: string,
    /** Of this process: a page that another build made is told so. */
    private readonly build = 'unbuilt',
  ) {
    this.runners = urls.map((url) => ({
      url: url.replace(/\/$/, ''),
      hello: null,
      connected: false,
      failingSince: Date.now(),
      error: 'not connected yet',
      lastByteAt: Date.now(),
      abort: new AbortController(),
    }))
    for (const runner of this.runners) void this.follow(runner)
    this.watchdog = setInterval(() => this.check(), 1000)
    this.watchdog.unref()
  }

  /**
   * Adds a viewer. It gets at once what it missed since `lastEventId` (all that the ring still holds when the id is
   * unknown but given), then the state, then every event as it comes. Returns the function that removes it.
   */
  subscribe(listener: HubListener, lastEventId: string | null): () => void {
    // What waits is for those who are here already; the ring has it for this one.
    this.flush()
    listener(this.stateFrame())
    if (lastEventId) {
      const known = this.ring.findIndex((event) => event.id === lastEventId)
      for (const event of this.ring.slice(known + 1)) listener(event.bytes)
    }
    if (this.newest) listener(this.newest.bytes)
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
    }
  }

  get viewers(): number {
    return this.listeners.size
  }

  snapshot(): Snapshot | null {
    return this.newest?.snapshot ?? null
  }

  /** What the hub knows of its runners, for health and the connection mark. */
  status(): {
    leader: string | null
    runners: { url: string; connected: boolean; leader: boolean; error: string | null }[]
  } {
    return {
      leader: this.leader?.hello?.runner ?? null,
      runners: this.runners.map((r) => ({
        url: r.url,
        connected: r.connected,
        leader: r === this.leader,
        error: r.error,
      })),
    }
  }

  /** Lag history from the leading runner's memory, which needs no store. Throws when no runner answers. */
  async history(query: { fromMs: number; toMs: number; maxPoints: number }): Promise<LagHistory> {
    const asked = Object.fromEntries(Object.entries(query).map(([k, v]) => [k, String(v)]))
    return (await (await this.ask('/history', asked, AbortSignal.timeout(5000))).json()) as LagHistory
  }

  /** Asks the leading runner, or another one when it does not answer. Throws when none does, with what the last one said. */
  async ask(path: string, asked: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const from = [this.leader, ...this.runners.filter((r) => r !== this.leader)].filter((r) => r !== null)
    let failure: unknown = new Error('no runner is configured')
    for (const runner of from) {
      try {
        const response = await fetch(`${runner.url}${path}?${new URLSearchParams(asked)}`, {
          headers: { authorization: `Bearer ${this.secret}` },
          signal,
        })
        if (response.ok) return response
        const said = (await response.json().catch(() => null)) as { error?: unknown } | null
        throw new Error(typeof said?.error === 'string' ? said.error : `The runner answered ${response.status}.`)
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  close(): void {
    clearInterval(this.watchdog)
    for (const runner of this.runners) runner.abort.abort()
  }

  /** What comes in one turn goes out in one write to each viewer. */
  private broadcast(bytes: Uint8Array): void {
    this.outgoing.push(bytes)
    if (this.outgoing.length === 1) setImmediate(() => this.flush())
  }

  private flush(): void {
    const parts = this.outgoing.splice(0)
    if (parts.length === 0) return
    const bytes = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
    for (const listener of this.listeners) listener(bytes)
  }

  private stateFrame(): Uint8Array {
    return frame(
      'hello',
      JSON.stringify({
        connected: this.leader !== null,
        runner: this.leader?.hello?.runner ?? null,
        build: this.build,
      }),
    )
  }

  private async follow(runner: Runner): Promise<never> {
    for (;;) {
      try {
        await this.read(runner)
        throw new Error('the runner closed its feed')
      } catch (error) {
        if (runner.failingSince === null) runner.failingSince = Date.now()
        runner.error = error instanceof Error ? error.message : String(error)
      }
      runner.connected = false
      runner.hello = null
      this.elect()
      await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  }

  private async read(runner: Runner): Promise<void> {
    runner.abort = new AbortController()
    runner.lastByteAt = Date.now()
    const response = await fetch(`${runner.url}/feed`, {
      headers: { authorization: `Bearer ${this.secret}`, accept: 'text/event-stream' },
      signal: runner.abort.signal,
      cache: 'no-store',
    })
    if (!response.ok || !response.body) throw new Error(`the runner's feed answered ${response.status}`)
    const parser = createParser({
      onEvent: (event) => this.take(runner, event.event ?? 'message', event.data, event.id),
    })
    const decoder = new TextDecoder()
    for await (const chunk of response.body) {
      runner.lastByteAt = Date.now()
      parser.feed(decoder.decode(chunk, { stream: true }))
    }
  }

  private take(runner: Runner, event: string, data: string, id: string | undefined): void {
    if (event === 'hello') {
      runner.hello = JSON.parse(data) as FeedHello
      runner.connected = true
      runner.failingSince = null
      runner.error = null
      this.elect()
      return
    }
    // Changes in our own store may come from any runner; health comes from the leader alone.
    if (runner !== this.leader && event !== 'changed') return
    if (event === 'snapshot') {
      const snapshot = JSON.parse(data) as Snapshot
      this.newest = { snapshot, bytes: frame('snapshot', data) }
      this.broadcast(this.newest.bytes)
      return
    }
    const framed = { id: id ?? '', bytes: frame(event, data, id) }
    if (id) {
      this.ring.push(framed)
      if (this.ring.length > ringSize) this.ring.splice(0, this.ring.length - ringSize)
    }
    this.broadcast(framed.bytes)
  }

  private elect(): void {
    const leaders = this.runners.filter((r) => r.connected && r.hello?.leader)
    const next = leaders.sort((a, b) => (b.hello?.epoch ?? 0) - (a.hello?.epoch ?? 0))[0] ?? null
    if (next === this.leader) return
    this.leader = next
    this.broadcast(this.stateFrame())
  }

  private check(): void {
    for (const runner of this.runners)
      if (runner.connected && Date.now() - runner.lastByteAt > silentMs)
        runner.abort.abort(new Error('the runner went silent'))
  }
}
