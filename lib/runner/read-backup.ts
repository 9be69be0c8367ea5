import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { DumpFacts } from '../domain/backups/dump-text'
import type { BackupDamage, Place, StoredObject } from '../domain/backups/types'
import { cleanLine } from '../domain/text'
import { type BackupOpener, type Backups, OpenError, type OpenedMessage } from '../ports/backups'
import { PortError } from '../ports/port-error'

export interface BackupSource {
  backups: Backups
  place: Place
  object: StoredObject
  signal?: AbortSignal
  /** Told with every piece how many bytes of the object have been read. */
  progress?: (bytes: number) => void
}

/** What is wrong with a backup, each with its sentence. */
export type Found = Partial<Record<BackupDamage, string>>

const versionOf = ({ key, etag, size, head }: StoredObject) => ({ key, etag, size, versionId: head?.versionId ?? null })

/** Failures of the outside world are said in their own words. */
export function remember(found: Found, error: unknown): void {
  if (error instanceof OpenError) found[error.kind] ??= error.message
  else if (error instanceof PortError) {
    const { errorClass } = error
    found[errorClass === 'missing' ? 'missing' : errorClass === 'state' ? 'archived' : 'unreachable'] ??= error.message
  } else throw error
}

/** Of an object whose sum is made of those of its parts. */
export async function partSizeOf({ backups, place, object, signal }: BackupSource): Promise<number | null> {
  const { checksum } = object.head ?? {}
  if (checksum?.algorithm !== 'SHA256' || checksum.type !== 'COMPOSITE') return null
  return backups.partSize(place, versionOf(object), signal)
}

/** The object's bytes, summed as they pass. */
export class ObjectBytes {
  bytes = 0
  readonly #sum = createHash('sha256')
  #part = createHash('sha256')
  #partLeft: number
  readonly #partSums: Buffer[] = []
  readonly #bytes: AsyncIterator<Uint8Array>

  constructor(
    private readonly options: BackupSource,
    private readonly partSize: number | null,
  ) {
    const { backups, place, object, signal } = options
    this.#partLeft = partSize ?? 0
    this.#bytes = backups.read(place, versionOf(object), signal)[Symbol.asyncIterator]()
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { done, value } = await this.#bytes.next()
      if (done) return
      this.bytes += value.byteLength
      this.#sum.update(value)
      if (this.partSize !== null) this.#sumParts(value)
      this.options.progress?.(this.bytes)
      yield value
    }
  }

  async drain(): Promise<void> {
    for await (const _ of this.chunks());
  }

  #sumParts(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.byteLength) {
      const piece = chunk.subarray(at, at + this.#partLeft)
      this.#part.update(piece)
      at += piece.byteLength
      this.#partLeft -= piece.byteLength
      if (this.#partLeft === 0) this.#endPart()
    }
  }

  #endPart(): void {
    this.#partSums.push(this.#part.digest())
    this.#part = createHash('sha256')
    this.#partLeft = this.partSize ?? 0
  }

  /** Holds what was read against S3's own sum and the job's. Answers the sum; null when not all of the object came. */
  compare(found: Found): string | null {
    const { size, head } = this.options.object
    if (this.bytes !== size) return null
    const sum = this.#sum.digest()
    if (this.partSize !== null && this.#partLeft !== this.partSize) this.#endPart()
    const { checksum } = head ?? {}
    if (checksum?.algorithm === 'SHA256' && this.#differs(checksum, sum))
      found['object-sum-differs'] = 'What was read does not have the SHA-256 that S3 holds for it.'
    const said = head?.metadata.checksum?.trim().toLowerCase()
    if (said && said !== sum.toString('hex')) found['checksum-differs'] = 'SHA-256 differs from the metadata.'
    return sum.toString('hex')
  }

  #differs({ type, value }: { type: string; value: string }, sum: Buffer): boolean {
    if (type === 'FULL_OBJECT') return sum.toString('base64') !== value
    const parts = this.#partSums
    // Parts of different sizes cannot be told by the first; then the sum says nothing.
    if (Number(/-(\d+)$/.exec(value)?.[1]) !== parts.length) return false
    return `${createHash('sha256').update(Buffer.concat(parts)).digest('base64')}-${parts.length}` !== value
  }
}

const layers = 4

export interface OpenedDump {
  plain: AsyncIterable<Uint8Array>
  decryptedBy: 'gpg' | 'library' | 'not-encrypted'
  /** After the end of `plain`: adds what is wrong with the signature. */
  signature(found: Found): Promise<void>
}

/** Opens what is encrypted or compressed, layer by layer, by its first bytes. Throws OpenError. */
export async function openDump(
  bytes: AsyncIterable<Uint8Array>,
  opener: BackupOpener | null,
  found: Found,
): Promise<OpenedDump> {
  let stream = bytes
  let message: OpenedMessage | null = null
  for (let layer = 0; layer < layers; layer++) {
    const { first, all } = await peek(stream)
    stream = all
    if (first[0] === 0x1f && first[1] === 0x8b) stream = gunzip(stream)
    else if (message === null && isOpenpgp(first[0])) {
      if (opener === null) throw new OpenError('wrong-key', 'It is encrypted, and no key is configured.')
      message = await opener.open(stream)
      stream = message.plain
    } else break
  }
  const opened = message
  if (opener !== null && opened === null)
    found['not-encrypted'] = 'It is not encrypted, so the backup job did not write it.'
  return {
    plain: stream,
    decryptedBy: opened?.by ?? 'not-encrypted',
    async signature(found) {
      const signature = (await opened?.signature()) ?? 'unchecked'
      if (signature === 'none') found.unsigned = 'It is not signed by the backup job.'
      if (signature === 'wrong') found['wrong-signature'] = 'Its signature is not one of the backup job.'
    },
  }
}

/** A message begins with an encrypted session key (RFC 9580): a packet of type 1 or 3, in the new format or the old one. */
const isOpenpgp = (first: number | undefined) =>
  first !== undefined && (first === 0xc1 || first === 0xc3 || (first >= 0x84 && first <= 0x8f))

async function peek(stream: AsyncIterable<Uint8Array>) {
  const iterator = stream[Symbol.asyncIterator]()
  let first: Uint8Array = new Uint8Array()
  while (first.byteLength < 2) {
    const { done, value } = await iterator.next()
    if (done) break
    first = first.byteLength === 0 ? value : Buffer.concat([first, value])
  }
  const all = async function* () {
    if (first.byteLength > 0) yield first
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { first, all: all() }
}

async function* gunzip(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const unzip = createGunzip()
  const fed = pipeline(Readable.from(stream, { objectMode: true, highWaterMark: 1 }), unzip)
  fed.catch(() => undefined)
  try {
    yield* unzip as AsyncIterable<Buffer>
    // The end of what is compressed is not yet the end of what is encrypted, which alone makes it authentic.
    await fed
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === 'Z_BUF_ERROR')
      throw new OpenError('truncated', 'The compressed data ends in the middle.', { cause: error })
    if (typeof code === 'string' && code.startsWith('Z_'))
      throw new OpenError('damaged', 'The compressed data was changed.', { cause: error })
    throw error
  }
}

/** Adds what is wrong with a dump that was read to its end. */
export function judgeDump({ format, complete, endsInside, refused }: DumpFacts, found: Found): void {
  if (format === 'unknown') {
    found['not-a-dump'] = 'It is no dump of PostgreSQL.'
    return
  }
  if (refused !== null) found['meta-command'] = `It contains what pg_dump does not write: ${cleanLine(refused)}`
  if (!complete || endsInside) found.incomplete = 'The dump has no end: pg_dump did not finish.'
}
