import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ExpectedError } from '../domain/errors'

/** Adds a piece to a file, and waits while the disk is behind. */
type Write = (piece: string | Uint8Array) => Promise<void>

interface MadeFilesLimits {
  /** What is made, as the subject of a sentence. */
  what: string
  /** Files made at once; more wait. */
  atOnce: number
  /** Most that wait; more are refused. */
  waiting: number
  /** Who asks for the same this long after it was made has the same file, ms. */
  freshMs: number
}

interface MadeFile {
  handle: FileHandle
  bytes: number
  readers: number
  fresh: boolean
}

/** Written to disk and read from it at once. */
const pieceBytes = 65_536

/**
 * Files that take work to make: each is made once for all who ask for it at the same time, a few at once, and lies on disk,
 * not in memory, from where any number read it at their own pace. The files have no name there: they go with the process.
 */
export class MadeFiles {
  readonly #files = new Map<string, Promise<MadeFile>>()
  readonly #queue: (() => void)[] = []
  #making = 0

  constructor(private readonly limits: MadeFilesLimits) {}

  /**
   * The file of this key, made unless it is there or under way. Throws ExpectedError 'unavailable' when too many wait, and
   * what making it throws.
   */
  async read(
    key: string,
    make: (write: Write) => Promise<void>,
  ): Promise<{ bytes: number; body: ReadableStream<Uint8Array> }> {
    const known = this.#files.get(key)
    const made = known ?? this.#make(key, make)
    const file = await made
    // It may have gone stale between two turns of the loop, and been closed with it.
    if (!file.fresh && file.readers === 0) return await this.read(key, make)
    file.readers += 1
    return { bytes: file.bytes, body: this.#bodyOf(file) }
  }

  /** Read as fast as whoever reads it takes it. */
  #bodyOf(file: MadeFile): ReadableStream<Uint8Array> {
    let at = 0
    const leave = () => {
      file.readers -= 1
      this.#closeIfDone(file)
    }
    return new ReadableStream(
      {
        async pull(controller) {
          const { bytesRead, buffer } = await file.handle.read(new Uint8Array(pieceBytes), 0, pieceBytes, at)
          at += bytesRead
          if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead))
          else {
            controller.close()
            leave()
          }
        },
        cancel: leave,
      },
      { highWaterMark: 0 },
    )
  }

  #make(key: string, make: (write: Write) => Promise<void>): Promise<MadeFile> {
    const made = this.#inTurn(async () => {
      const handle = await namelessFile()
      let bytes = 0
      let pieces: Buffer[] = []
      let held = 0
      const flush = async () => {
        await handle.appendFile(Buffer.concat(pieces))
        bytes += held
        pieces = []
        held = 0
      }
      try {
        await make(async (piece) => {
          const part = Buffer.from(piece)
          pieces.push(part)
          held += part.length
          if (held >= pieceBytes) await flush()
        })
        await flush()
      } catch (error) {
        await handle.close()
        throw error
      }
      const file: MadeFile = { handle, bytes, readers: 0, fresh: true }
      setTimeout(() => {
        file.fresh = false
        this.#files.delete(key)
        this.#closeIfDone(file)
      }, this.limits.freshMs).unref()
      return file
    })
    this.#files.set(key, made)
    made.catch(() => this.#files.delete(key))
    return made
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { atOnce, waiting, what } = this.limits
    if (this.#making >= atOnce) {
      if (this.#queue.length >= waiting)
        throw new ExpectedError('unavailable', `Too many ${what} are being created. Try again in 10 s.`, {
          retryAfterSeconds: 10,
        })
      await new Promise<void>((turn) => this.#queue.push(turn))
    } else this.#making += 1
    try {
      return await work()
    } finally {
      // The place is handed on, so that nobody slips in between.
      const next = this.#queue.shift()
      if (next) next()
      else this.#making -= 1
    }
  }

  #closeIfDone(file: MadeFile): void {
    if (!file.fresh && file.readers === 0) void file.handle.close().catch(() => {})
  }
}

async function namelessFile(): Promise<FileHandle> {
  const dir = await mkdtemp(join(tmpdir(), 'warroom-'))
  try {
    return await open(join(dir, 'file'), 'wx+', 0o600)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
