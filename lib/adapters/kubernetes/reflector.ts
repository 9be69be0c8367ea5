import { unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import type { KubeHttp, LineStream } from './http'

export interface WatchLimits {
  /** For lists and for the first bytes of a watch. */
  answerMs: number
  /** How long one watch lasts before it is renewed; its renewal proves that the connection lives. */
  watchSeconds: number
  /** Silence beyond `watchSeconds` after which a connection is half-open. */
  graceMs: number
  /** First and longest wait after a failure. */
  backoffMs: { first: number; most: number }
}

export const defaultWatchLimits: WatchLimits = {
  answerMs: 5_000,
  watchSeconds: 10,
  graceMs: 3_000,
  backoffMs: { first: 250, most: 8_000 },
}

interface KubeObject {
  metadata?: { name?: string; resourceVersion?: string }
}

/** What a watch tells, beside ERROR. */
const changes = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'])

interface ReflectorEvents {
  /** The objects changed, or were listed again. */
  changed(): void
  /** The server gave a sign of life. */
  heard(): void
  failed(error: PortError): void
}

/**
 * A local copy of one collection by list and watch. Whatever ends a watch - its time, a restarted server, a half-open
 * connection - it goes on from the last version seen; when that version is gone (410) it lists again.
 */
export class Reflector<T extends KubeObject> {
  readonly objects = new Map<string, T>()
  listed = false
  private version: string | null = null
  private stopped = false
  private stream: LineStream | null = null
  private wake: () => void = () => {}
  private waitMs: number

  constructor(
    private readonly http: KubeHttp,
    private readonly kind: string,
    private readonly path: string,
    private readonly query: Record<string, string>,
    private readonly limits: WatchLimits,
    private readonly events: ReflectorEvents,
  ) {
    this.waitMs = limits.backoffMs.first
  }

  async run(): Promise<void> {
    while (!this.stopped) {
      const error = await this.round()
      if (this.stopped) return
      if (!error) {
        this.waitMs = this.limits.backoffMs.first
        continue
      }
      this.events.failed(error)
      await this.pause()
    }
  }

  stop(): void {
    this.stopped = true
    this.stream?.stop()
    this.wake()
  }

  /** Lists when there is no version to go on from, then watches until the watch ends. */
  private async round(): Promise<PortError | null> {
    try {
      if (this.version === null) await this.list()
    } catch (error) {
      return error instanceof PortError
        ? error
        : new PortError('other', 'The list from Kubernetes could not be read.', {
            outcome: 'rejected',
            probe: 'api',
            cause: error,
          })
    }
    if (this.stopped) return null
    return this.watch()
  }

  private async list(): Promise<void> {
    const found = new Map<string, T>()
    let version: string | undefined
    let next: string | undefined
    do {
      const page: { metadata?: { resourceVersion?: string; continue?: string }; items: T[] } = await this.http.json(
        {
          method: 'GET',
          path: this.path,
          query: { ...this.query, limit: '500', ...(next ? { continue: next } : {}) },
        },
        { kind: `${this.kind}List` },
        this.limits.answerMs,
      )
      for (const item of page.items) if (item.metadata?.name) found.set(item.metadata.name, item)
      version = page.metadata?.resourceVersion
      next = page.metadata?.continue || undefined
    } while (next && !this.stopped)
    if (version === undefined) throw unreadableAnswer('Kubernetes', 200, false)
    this.objects.clear()
    for (const [name, item] of found) this.objects.set(name, item)
    this.version = version
    this.listed = true
    this.events.heard()
    this.events.changed()
  }

  private async watch(): Promise<PortError | null> {
    let refused: PortError | null = null
    let gone = false
    let told = false
    const startedAt = Date.now()
    const silenceMs = this.limits.watchSeconds * 1000 + this.limits.graceMs
    this.stream = this.http.lines(
      {
        method: 'GET',
        path: this.path,
        query: {
          ...this.query,
          watch: 'true',
          allowWatchBookmarks: 'true',
          resourceVersion: this.version ?? '',
          timeoutSeconds: String(this.limits.watchSeconds),
        },
      },
      { answerMs: this.limits.answerMs, silenceMs },
      (line) => {
        const { type, object } = (line ?? {}) as { type?: string; object?: T & { code?: number; reason?: string } }
        told = true
        if (type === 'ERROR') {
          gone = object?.code === 410 || object?.reason === 'Expired' || object?.reason === 'Gone'
          refused = new PortError('transient', `Kubernetes ended the watch (${object?.reason ?? 'no reason given'}).`, {
            code: object?.reason,
            outcome: 'rejected',
            probe: 'api',
          })
          this.stream?.stop()
          return
        }
        if (!object?.metadata || !changes.has(type ?? '')) throw unreadableAnswer('Kubernetes', 200, false)
        const { name, resourceVersion } = object.metadata
        if (resourceVersion) this.version = resourceVersion
        if (!name || type === 'BOOKMARK') return
        if (type === 'DELETED') this.objects.delete(name)
        else this.objects.set(name, object)
        this.events.changed()
      },
      () => this.events.heard(),
    )
    const ended = await this.stream.ended
    this.stream = null
    if (this.stopped) return null
    if (gone || ended?.detail.code === '410' || ended?.detail.code === 'Expired' || ended?.detail.code === 'Gone') {
      // Listing again is the cure and no failure; at once, unless it happens at once again.
      this.version = null
      return Date.now() - startedAt < this.limits.backoffMs.first ? this.shortRest() : null
    }
    // After any other failure the copy may have missed something: list again.
    if (refused ?? ended) {
      this.version = null
      return refused ?? ended
    }
    const lastedMs = Date.now() - startedAt
    // Over long before its time and without a word: whether it was a watch at all is not known.
    const doubtful = !told && lastedMs < (this.limits.watchSeconds * 1000) / 2
    if (doubtful) this.version = null
    return doubtful || lastedMs < this.limits.backoffMs.first ? this.shortRest() : null
  }

  /** A server that ends every watch at once must not be asked in a tight loop; that alone is no failure. */
  private async shortRest(): Promise<null> {
    await this.rest(this.limits.backoffMs.first)
    return null
  }

  private async pause(): Promise<void> {
    // Full jitter over the upper half, so that several watches do not return in step.
    const ms = this.waitMs * (0.5 + Math.random() / 2)
    this.waitMs = Math.min(this.waitMs * 2, this.limits.backoffMs.most)
    await this.rest(ms)
  }

  private rest(ms: number): Promise<void> {
    if (this.stopped) return Promise.resolve()
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
