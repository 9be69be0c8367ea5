import type { BackupCheck, CatalogueSample, ObjectHead, Place, StoredObject } from '../domain/backups/types'

/** One version of an object, as it was seen: another one under the same key is refused. */
export interface ObjectVersion {
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
  /** The head of an object that was listed. `missing` when it was deleted or replaced since. */
  head(place: Place, object: StoredObject, signal?: AbortSignal): Promise<ObjectHead>
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
