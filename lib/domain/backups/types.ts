/**
 * Glossary. Object: what a bucket holds under a key. Backup: an object that is a dump of a database. Sidecar: an object that only
 * describes a backup (its sum, its signature). Own bucket: the one that the backup job writes to; copy: the bucket in another
 * region to which S3 replicates it.
 */

export const places = ['own', 'copy'] as const
export type Place = (typeof places)[number]

/** What HeadObject adds to the line of a listing. */
export interface ObjectHead {
  versionId: string | null
  /** Written by the backup job, and as trustworthy as whoever may write to the bucket. */
  metadata: Record<string, string>
  /** S3's own sum of the bytes it holds, base64; of a composite one, "-" and the number of parts follow. */
  checksum: { algorithm: 'SHA256' | 'other'; type: 'FULL_OBJECT' | 'COMPOSITE'; value: string } | null
  replication: 'pending' | 'completed' | 'failed' | 'replica' | null
  /** Set while an archived object can be read, or is on its way: until when, ms; null while it is on its way. */
  retrieved: { until: number | null } | null
  /** The archive tier of Intelligent-Tiering, which the storage class does not show. */
  archiveTier: string | null
}

export interface StoredObject {
  key: string
  size: number
  /** When the upload ended, ms. */
  uploadedAt: number
  etag: string
  storageClass: string
  /** Null when it was not asked for, or is no backup. */
  head: ObjectHead | null
}

/** What a bucket answered, or why it did not. */
export interface BucketListing {
  bucket: string
  region: string
  objects: StoredObject[]
  /** A sentence; null when the listing is whole. The objects are then none. */
  error: string | null
}

/** Both buckets at one moment. The copy is null where none is configured. */
export interface CatalogueSample {
  at: number
  own: BucketListing
  copy: BucketListing | null
}
