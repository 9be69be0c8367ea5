import type { Socket } from 'node:net'

/** How bytes travel over a link at the moment. */
export interface Shape {
  /** Nothing is forwarded; bytes wait in the sender's socket, as behind a firewall that drops. */
  held: boolean
  bytesPerSecond: number | null
  latencyMs: number
  /** So many of a hundred chunks are lost once, and sent again after TCP's own wait. */
  lossPercent?: number
}

export const freeShape: Shape = { held: false, bytesPerSecond: null, latencyMs: 0 }

/** TCP's least wait before it sends a lost segment again (RFC 6298 and Linux), without the way itself. */
const resendMs = 200

const maximumQueued = 4 * 1024 * 1024

/** One direction of one connection. Unshaped, it is as cheap as a pipe: one write per chunk, with back-pressure. */
export class Lane {
  #queue: { chunk: Buffer; due: number }[] = []
  #queued = 0
  #freeAt = 0
  #timer: NodeJS.Timeout | null = null
  #blocked = false
  #ended = false

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private shape: Shape,
  ) {
    from.on('data', (chunk: Buffer) => this.#take(chunk))
    from.on('end', () => {
      this.#ended = true
      this.#flush()
    })
    to.on('drain', () => {
      this.#blocked = false
      this.#flush()
    })
    this.#regulate()
  }

  reshape(shape: Shape): void {
    this.shape = shape
    if (shape.bytesPerSecond === null) {
      this.#freeAt = 0
      for (const entry of this.#queue) entry.due = Math.min(entry.due, Date.now() + shape.latencyMs)
    }
    this.#flush()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#queue = []
  }

  #take(chunk: Buffer): void {
    const { bytesPerSecond, latencyMs, held } = this.shape
    if (!held && bytesPerSecond === null && latencyMs === 0 && this.#queue.length === 0 && !this.#blocked) {
      if (!this.to.write(chunk)) {
        this.#blocked = true
        this.#regulate()
      }
      return
    }
    const now = Date.now()
    if (bytesPerSecond !== null)
      this.#freeAt = Math.max(this.#freeAt, now) + (chunk.length / Math.max(1, bytesPerSecond)) * 1000
    const lost = Math.random() * 100 < (this.shape.lossPercent ?? 0)
    const due = Math.max(now, bytesPerSecond === null ? now : this.#freeAt) + latencyMs
    this.#queue.push({ chunk, due: lost ? due + resendMs + 2 * latencyMs : due })
    this.#queued += chunk.length
    this.#flush()
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const now = Date.now()
    while (!this.shape.held && !this.#blocked) {
      const next = this.#queue[0]
      if (!next || next.due > now) break
      this.#queue.shift()
      this.#queued -= next.chunk.length
      if (this.to.writable && !this.to.write(next.chunk)) this.#blocked = true
    }
    const next = this.#queue[0]
    if (next && !this.shape.held && !this.#blocked)
      this.#timer = setTimeout(() => this.#flush(), Math.max(1, next.due - now))
    if (this.#ended && !next && !this.shape.held) this.to.end()
    this.#regulate()
  }

  #regulate(): void {
    const limit = this.shape.bytesPerSecond === null ? maximumQueued : Math.max(65_536, this.shape.bytesPerSecond / 4)
    if (this.shape.held || this.#blocked || this.#queued > limit) this.from.pause()
    else if (!this.#ended) this.from.resume()
  }
}
