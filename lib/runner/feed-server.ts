import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { bearerIs } from '../domain/bearer'
import type { FeedEvent, FeedHello, LagHistory } from '../domain/cluster/feed'
import type { LagPoint, Mark, Snapshot } from '../domain/cluster/types'
import { ExpectedError } from '../domain/errors'
import { PortError } from '../ports/port-error'
import type { MergeRows } from './merge-rows'

interface FeedHealth {
  ready: boolean
  leader: boolean
  epoch: number
  runner: string
  snapshotAgeMs: number | null
  writeProbeAgeMs: number | null
  rdsAgeMs: number | null
  store: { ok: boolean; since: number } | null
  memoryMb: number
}

export interface FeedSources {
  hello(): FeedHello
  latest(): Snapshot | null
  history(fromMs: number, toMs: number, maxPoints: number): LagHistory
  health(): FeedHealth
  /** Rows that runs compared; null without a role that may read them. */
  rows?: MergeRows | null
}

interface Consumer {
  response: ServerResponse
  /** Set while the socket's buffer is full. */
  blocked: boolean
  /** Waiting for the socket: only the newest snapshot, and a bounded row of events. */
  snapshot: string | null
  events: string[]
}

const pingMs = 1000
const ringKept = 1200
const eventsKept = 600
/** A consumer that takes nothing for this long is half-open. */
const stuckMs = 30_000
const maxHistoryMs = 31 * 86_400_000

/**
 * The runner's internal feed: live health to the web over HTTP with a shared secret. A state (`snapshot`) is coalesced
 * for a slow consumer; events (`lag`, `mark`, `changed`) carry ids and are replayed after `Last-Event-ID`.
 */
export class FeedServer {
  readonly #server: Server
  readonly #consumers = new Set<Consumer>()
  readonly #ring: { id: string; frame: string }[] = []
  #n = 0
  #ping: NodeJS.Timeout | null = null

  constructor(
    private readonly secret: string,
    private readonly sources: FeedSources,
    /** Certificate and key, PEM; plain HTTP without. */
    tls: { cert: string; key: string } | null = null,
  ) {
    const answer = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response)
    this.#server = tls ? createTlsServer({ ...tls, minVersion: 'TLSv1.2' }, answer) : createServer(answer)
    this.#server.keepAliveTimeout = 5000
    this.#server.headersTimeout = 10_000
  }

  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.removeListener('error', reject)
        resolve()
      })
    })
    this.#ping = setInterval(() => {
      for (const c of this.#consumers) this.#send(c, ': ping\n\n', 'ping')
    }, pingMs)
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : port
  }

  async close(): Promise<void> {
    if (this.#ping) clearInterval(this.#ping)
    for (const c of this.#consumers) c.response.end()
    this.#consumers.clear()
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  get consumers(): number {
    return this.#consumers.size
  }

  /** Says again who speaks: after every change of leadership. */
  hello(): void {
    const frame = helloFrame(this.sources.hello())
    for (const c of this.#consumers) this.#send(c, frame, 'event')
  }

  snapshot(snapshot: Snapshot): void {
    if (this.#consumers.size === 0) return
    const frame = `event: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`
    for (const c of this.#consumers) this.#send(c, frame, 'snapshot')
  }

  lag(point: LagPoint): void {
    this.#event((id) => ({ type: 'lag', id, data: point }))
  }

  mark(mark: Mark): void {
    this.#event((id) => ({ type: 'mark', id, data: mark }))
  }

  changed(what: string, ids: string[]): void {
    this.#event((id) => ({ type: 'changed', id, data: { what, ids } }))
  }

  #event(make: (id: string) => Exclude<FeedEvent, { type: 'snapshot' }>): void {
    this.#n += 1
    const event = make(`${this.sources.hello().epoch}-${this.#n}`)
    const frame = `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`
    this.#ring.push({ id: event.id, frame })
    if (this.#ring.length > ringKept) this.#ring.splice(0, this.#ring.length - ringKept)
    for (const c of this.#consumers) this.#send(c, frame, 'event')
  }

  #send(c: Consumer, frame: string, kind: 'snapshot' | 'event' | 'ping'): void {
    if (!c.blocked) {
      c.blocked = !c.response.write(frame)
      return
    }
    if (kind === 'snapshot') c.snapshot = frame
    else if (kind === 'event') {
      c.events.push(frame)
      if (c.events.length > eventsKept) c.events.splice(0, c.events.length - eventsKept)
    }
  }

  #drained(c: Consumer): void {
    c.blocked = false
    const waiting = [...c.events.splice(0), ...(c.snapshot ? [c.snapshot] : [])]
    c.snapshot = null
    if (waiting.length) c.blocked = !c.response.write(waiting.join(''))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://runner')
    if (request.method !== 'GET') json(response, 405, { error: 'Only GET is answered here.' })
    else if (url.pathname === '/health') {
      const health = this.sources.health()
      json(response, health.ready ? 200 : 503, health)
    } else if (!this.#allowed(request)) json(response, 401, { error: 'The feed secret is missing or wrong.' })
    else if (url.pathname === '/feed') this.#open(request, response)
    else if (url.pathname === '/history') this.#history(url, response)
    else if (url.pathname === '/rows' || url.pathname === '/rows/file') void this.#rows(url, response)
    else if (url.pathname === '/snapshot') {
      const latest = this.sources.latest()
      if (latest) json(response, 200, latest)
      else json(response, 503, { error: 'There is no snapshot yet.' })
    } else json(response, 404, { error: 'There is nothing here.' })
  }

  #allowed(request: IncomingMessage): boolean {
    return bearerIs(request.headers.authorization, this.secret)
  }

  #open(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    response.socket?.setNoDelay(true)
    response.socket?.setTimeout(stuckMs, () => response.destroy())
    const consumer: Consumer = { response, blocked: false, snapshot: null, events: [] }
    const last = request.headers['last-event-id']
    const missed: string[] = []
    if (typeof last === 'string' && last) {
      const known = this.#ring.findIndex((e) => e.id === last)
      missed.push(...this.#ring.slice(known + 1).map((e) => e.frame))
    }
    const latest = this.sources.latest()
    const state = latest ? `event: snapshot\ndata: ${JSON.stringify(latest)}\n\n` : ''
    this.#consumers.add(consumer)
    response.on('drain', () => this.#drained(consumer))
    response.on('close', () => this.#consumers.delete(consumer))
    response.on('error', () => this.#consumers.delete(consumer))
    this.#send(consumer, `retry: 500\n${helloFrame(this.sources.hello())}${missed.join('')}${state}`, 'event')
  }

  /** Compared rows: a page as JSON, or all of a kind as a file, streamed as fast as it is read. */
  async #rows(url: URL, response: ServerResponse): Promise<void> {
    const { rows } = this.sources
    if (!rows) return json(response, 503, { error: 'A recovery role is not configured for this runner.' })
    const asked = Object.fromEntries(url.searchParams)
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    try {
      if (url.pathname === '/rows') return json(response, 200, { rows: await rows.page(asked) })
      const file = await rows.file(asked, gone.signal)
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' })
      await pipeline(Readable.from(file), response)
    } catch (error) {
      // A file that has begun can only be cut: whoever reads it sees that its end is missing.
      if (response.headersSent) response.destroy()
      else if (error instanceof PortError || error instanceof ExpectedError)
        json(response, 503, { error: error.message })
      else json(response, 400, { error: 'Name a run, a table and a kind of difference.' })
    }
  }

  #history(url: URL, response: ServerResponse): void {
    const number = (name: string) => Number(url.searchParams.get(name) ?? Number.NaN)
    const [fromMs, toMs, maxPoints] = [number('fromMs'), number('toMs'), number('maxPoints')]
    const fine = [fromMs, toMs, maxPoints].every(Number.isFinite) && toMs > fromMs && maxPoints >= 1
    if (fine && toMs - fromMs <= maxHistoryMs)
      json(response, 200, this.sources.history(fromMs, toMs, Math.floor(maxPoints)))
    else
      json(response, 400, { error: 'fromMs, toMs and maxPoints are numbers; the span is positive, 31 days at most.' })
  }
}

function helloFrame(hello: FeedHello): string {
  return `event: hello\ndata: ${JSON.stringify(hello)}\n\n`
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}
