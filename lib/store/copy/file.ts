import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { z } from 'zod'

/*
 * A backup of the store is one file: gzip, and behind it a line with the SHA-256 of all before. Inside are a header of one line
 * of JSON, the rows of each table as COPY writes them, each table closed by the line "\.", and a footer of one line of JSON.
 * No row begins with "\." in COPY's text format.
 */

/** Rises when an older version could not read the file. */
export const formatVersion = 1

const tableSchema = z.object({ name: z.string(), columns: z.array(z.string()) })
const headerSchema = z.object({
  product: z.literal('castmatch-war-room'),
  format: z.number().int().positive(),
  /** ISO 8601, on the store's clock. */
  takenAt: z.string(),
  /** Version of the server that was copied. */
  postgres: z.string(),
  environments: z.array(z.string()),
  /** Migrations that the store had, in order, with their checksums. */
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })),
  tables: z.array(tableSchema),
  /** Functions, triggers, constraints, indexes, grants: one line of words each. */
  catalogue: z.array(z.string()),
  /** Schemas that are not in the file. */
  leftOut: z.array(z.string()),
})
export type BackupHeader = z.infer<typeof headerSchema>

const footerSchema = z.object({
  /** Rows by table. */
  rows: z.record(z.string(), z.number()),
  sequences: z.array(z.object({ name: z.string(), value: z.string(), called: z.boolean() })),
  /** The end of the record's chain. */
  head: z.object({ n: z.number(), hash: z.string() }),
})
export type BackupFooter = z.infer<typeof footerSchema>

/** What a person can do about it; `message` is one or two sentences without secrets. */
export class BackupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BackupError'
  }
}

const terminator = Buffer.from('\\.\n')
const trailerStart = '\nsha256 '
const trailerLength = trailerStart.length + 64 + 1

/**
 * Writes a backup beside its place and moves it there when it is whole and on disk, readable by its owner alone. `content`
 * yields header, tables and footer in order. Returns size and checksum. Throws BackupError when there is a file already.
 */
export async function writeBackupFile(
  path: string,
  content: () => AsyncGenerator<Buffer>,
): Promise<{ bytes: number; sha256: string }> {
  if (await stat(path).catch(() => null))
    throw new BackupError(`${path} is there already. Choose another name; a backup is never overwritten.`)
  const part = `${path}.part`
  const hash = createHash('sha256')
  const summed = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  try {
    await pipeline(Readable.from(content()), createGzip({ level: 6 }), summed, createWriteStream(part, { mode: 0o600 }))
    const sha256 = hash.digest('hex')
    const file = await open(part, 'a')
    try {
      await file.write(`${trailerStart}${sha256}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(part, path)
    return { bytes: (await stat(path)).size, sha256 }
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

export const headerLine = (header: BackupHeader): Buffer => Buffer.from(`${JSON.stringify(header)}\n`)
export const footerLine = (footer: BackupFooter): Buffer => Buffer.from(`${JSON.stringify(footer)}\n`)
export const endOfTable = terminator

/**
 * Reads a file to its end and compares its checksum. Throws BackupError when it is no backup, was cut off or was changed.
 * Returns where its content ends, and the checksum.
 */
export async function checkBackupFile(path: string): Promise<{ contentBytes: number; sha256: string }> {
  const found = await stat(path).catch(() => null)
  if (!found?.isFile()) throw new BackupError(`There is no file ${path}.`)
  const damaged = (why: string) =>
    new BackupError(`${path} is damaged: ${why}. Nothing was changed. Use another backup.`)
  const contentBytes = found.size - trailerLength
  if (contentBytes <= 0) throw damaged('it is too short to be a backup')
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { end: contentBytes - 1 })) hash.update(chunk as Buffer)
  const sha256 = hash.digest('hex')
  const file = await open(path)
  const trailer = Buffer.alloc(trailerLength)
  try {
    await file.read(trailer, 0, trailerLength, contentBytes)
  } finally {
    await file.close()
  }
  if (!trailer.toString('latin1').startsWith(trailerStart)) throw damaged('its end is missing, or it is no backup')
  if (trailer.toString('latin1') !== `${trailerStart}${sha256}\n`)
    throw damaged('its checksum is not that of its content')
  return { contentBytes, sha256 }
}

/** Reads a checked file piece by piece: `header`, then `rows()` once for each table in the header's order, then `footer`. */
export class BackupReader {
  readonly #chunks: AsyncIterator<Buffer>
  #pending: Buffer = Buffer.alloc(0)

  constructor(path: string, contentBytes: number) {
    const source = createReadStream(path, { end: contentBytes - 1 })
    const gunzip = createGunzip()
    // The reader sees a failure of the file as a failure of what it reads from.
    source.on('error', (error) => gunzip.destroy(error))
    this.#chunks = source.pipe(gunzip)[Symbol.asyncIterator]()
  }

  /** Throws BackupError when the file is of another kind or of a newer version. */
  async header(): Promise<BackupHeader> {
    const said = parse(await this.#line())
    const format = z.object({ product: z.string(), format: z.number() }).safeParse(said)
    if (format.success && format.data.format > formatVersion)
      throw new BackupError('This backup was taken by a newer version of the War Room. Restore it with that version.')
    const header = headerSchema.safeParse(said)
    if (!header.success) throw new BackupError('This is not a backup of the War Room.')
    return header.data
  }

  /** The rows of the next table, in pieces that need not end with a row. */
  async *rows(): AsyncGenerator<Buffer> {
    let atStart = true
    for (;;) {
      if (atStart && this.#pending.length >= 3 && this.#pending.subarray(0, 3).equals(terminator)) {
        this.#pending = this.#pending.subarray(3)
        return
      }
      const at = this.#pending.indexOf('\n\\.\n')
      // Kept back: the last bytes may be the beginning of a table's end.
      const take = at >= 0 ? at + 1 : this.#pending.length - terminator.length
      if (take > 0) {
        const piece = this.#pending.subarray(0, take)
        this.#pending = this.#pending.subarray(take)
        atStart = piece[take - 1] === 10
        yield piece
        continue
      }
      if (!(await this.#more())) throw new BackupError('The backup ends in the middle of a table.')
    }
  }

  async footer(): Promise<BackupFooter> {
    return footerSchema.parse(parse(await this.#line()))
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #line(): Promise<string> {
    for (;;) {
      const at = this.#pending.indexOf(10)
      if (at >= 0) {
        const line = this.#pending.subarray(0, at).toString('utf8')
        this.#pending = this.#pending.subarray(at + 1)
        return line
      }
      if (!(await this.#more())) throw new BackupError('The backup ends before its end.')
    }
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next()
    if (next.done) return false
    this.#pending = this.#pending.length ? Buffer.concat([this.#pending, next.value]) : next.value
    return true
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
