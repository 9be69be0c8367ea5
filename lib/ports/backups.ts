import type { BackupCheck, CatalogueSample, ObjectHead, Place, StoredObject } from '../domain/backups/types'

/** One version of an object, as it was seen: another one under the same key is refused. */
interface ObjectVersion {
  key: string
  versionId: string | null
  etag: string
  size: number
}

/** Reading side of the buckets with backups. Throws PortError; `missing` for an object or a bucket that is not there. */
export interface Backups {
  /** The buckets by place; the copy is absent where none is configured. */
  buckets: Partial<Record<Place, { bucket: string; region: string }>> & { own: { bucket: string; region: string } }
  /** Every object below the prefix. A list that does not end within the limit of pages is an error, not a part of it. */
  list(place: Place, signal?: AbortSignal): Promise<StoredObject[]>
  /**
   * The head of an object that was listed. `missing` when it was deleted or replaced since; of a version that is known, only when
   * that version is gone.
   */
  head(
    place: Place,
    object: { key: string; etag: string; head: { versionId: string | null } | null },
    signal?: AbortSignal,
  ): Promise<ObjectHead>
  /** Bytes of the first part of an object that was uploaded in parts: its composite sum is made of theirs. */
  partSize(place: Place, version: ObjectVersion, signal?: AbortSignal): Promise<number>
  /**
   * The bytes of exactly this version, once, as they come: a connection that breaks is continued where it broke. `missing` when
   * the object was deleted or replaced, `state` when it is archived. How fast they are taken is up to whoever reads.
   */
  read(place: Place, version: ObjectVersion, signal?: AbortSignal): AsyncIterable<Uint8Array>
}

/** What our store remembers of them. Rejects when it is away. */
export interface BackupStore {
  save(environment: string, sample: CatalogueSample): Promise<void>
  checks(environment: string): Promise<BackupCheck[]>
  saveCheck(environment: string, check: BackupCheck): Promise<void>
}

/** Why what is encrypted cannot be opened. The data itself is `truncated` or `damaged`; a key that is not ours is no damage. */
export class OpenError extends Error {
  constructor(
    readonly kind: 'wrong-key' | 'truncated' | 'damaged',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'OpenError'
  }
}

export interface OpenedMessage {
  /** Not authentic before its end has been reached without an error. Throws OpenError. */
  plain: AsyncIterable<Uint8Array>
  /** What decrypts it. */
  by: 'gpg' | 'library'
  /** After the end: is it signed by the key that must have signed it? `unchecked` where none is configured. */
  signature(): Promise<'valid' | 'none' | 'wrong' | 'unchecked'>
}

/** Decrypts with the keys of this environment. */
export interface BackupOpener {
  /** Does it know the key that must have signed them? */
  knowsSigner: boolean
  /** Throws OpenError. */
  open(sealed: AsyncIterable<Uint8Array>): Promise<OpenedMessage>
}
