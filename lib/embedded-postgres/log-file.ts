import { basename, dirname } from 'node:path'
import { createStream, type RotatingFileStream } from 'rotating-file-stream'

export interface LogLimits {
  /** A file of this size is put aside and a new one begun. */
  bytes: number
  /** Older files kept beside it: NAME.1 is the newest. */
  kept: number
}

const usual: LogLimits = { bytes: 8 * 1024 * 1024, kept: 3 }
/** More than this is not held in memory for a disk that cannot keep up. */
const mostWaiting = 4 * 1024 * 1024
const retryMs = 5_000

/**
 * A log that stays bounded on disk while it is written. Writing never waits and never fails: a program must not stop
 * because its log cannot be written, so what a full or slow disk does not take is dropped, and how much is said later.
 */
export class LogFile {
  #stream: RotatingFileStream | null = null
  #failedAt = -retryMs
  #dropped = 0

  constructor(
    readonly path: string,
    private readonly limits: LogLimits = usual,
  ) {}

  write(chunk: Buffer | string): void {
    const stream = this.#open()
    if (!stream || stream.writableLength > mostWaiting) {
      this.#dropped += Buffer.byteLength(chunk)
      return
    }
    if (this.#dropped > 0) {
      stream.write(`\n[${this.#dropped} bytes were not written here: the disk did not take them]\n`)
      this.#dropped = 0
    }
    stream.write(chunk)
  }

  /** False after a failure, until the next try. */
  get writable(): boolean {
    return this.#stream !== null
  }

  /** Ends when all that was taken is on disk; a later write opens it again. */
  async close(): Promise<void> {
    const stream = this.#stream
    this.#stream = null
    if (!stream || stream.destroyed) return
    await new Promise<void>((done) => {
      stream.once('close', done)
      stream.end()
    })
  }

  #open(): RotatingFileStream | null {
    if (this.#stream) return this.#stream
    if (performance.now() - this.#failedAt < retryMs) return null
    const { bytes, kept } = this.limits
    const stream = createStream(basename(this.path), {
      path: dirname(this.path),
      size: `${bytes}B`,
      rotate: kept,
      mode: 0o600,
    })
    stream.on('error', () => {
      this.#failedAt = performance.now()
      if (this.#stream === stream) this.#stream = null
    })
    this.#stream = stream
    return stream
  }
}
