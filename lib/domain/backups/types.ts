/**
 * Glossary. Object: what a bucket holds under a key. Backup: an object that is a dump of a database. Sidecar: an object that only
 * describes a backup (its sum, its signature). Own bucket: the one that the backup job writes to; copy: the bucket in another
 * region to which S3 replicates it.
 */

const places = ['own', 'copy'] as const
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
  /** Backups that are older than those above, which nobody examined. */
  older: number
  /** A sentence; null when the listing is whole. The objects are then none. */
  error: string | null
  /** Why some objects could not be examined; null when all were. */
  headError: string | null
}

/** Both buckets at one moment. The copy is null where none is configured. */
export interface CatalogueSample {
  at: number
  own: BucketListing
  copy: BucketListing | null
}

/** What this environment expects of its backups. */
export interface BackupPolicy {
  /** Environment and database that they must be of. */
  source: string
  database: string
  /** Is there a key that decrypts them? Then what is not encrypted was not written by the backup job. */
  encrypted: boolean
  /** Must what cannot be proved be refused? */
  strict: boolean
  /** Between two backups. */
  everyMs: number
  /** What may be lost. */
  rpo: { targetSeconds: number; maximumSeconds: number }
}

/** Between these moments the data was damaged. */
export interface DamageBounds {
  lastGoodAt: number | null
  firstBadAt: number
}

/** One version of a backup was read to its end; `says` is what was found. */
export interface BackupCheck {
  bucket: string
  key: string
  etag: string
  at: number
  ok: boolean
  says: string
}

export const rejections = [
  'not-examined',
  'empty',
  'too-small',
  'unfinished',
  'checksum-differs',
  'checksum-missing',
  'unsupported',
  'not-encrypted',
  'no-key',
  'archived',
  'retrieving',
  'other-source',
  'source-unknown',
  'other-database',
  'after-damage',
  'in-future',
  'check-failed',
] as const
export type Rejection = (typeof rejections)[number]

/** A sentence, and what it is about. */
export interface Finding<Kind extends string = string> {
  kind: Kind
  says: string
}

export type ChecksumState = 'matches' | 'differs' | 'when-read' | 'none'
export const copyStates = ['same', 'differs', 'pending', 'failed', 'missing', 'only-copy', 'unknown', 'none'] as const
export type CopyState = (typeof copyStates)[number]

export interface BackupRow {
  key: string
  /** Of which moment its data is: by the backup job's word, else not later than the end of the upload. */
  takenAt: number
  takenBy: 'job' | 'upload'
  size: number
  /** Against the median of the last seven; null when there is no other. */
  medianBytes: number | null
  /** Sizes of up to seven backups before it and its own, oldest first. */
  sizes: number[]
  checksum: ChecksumState
  encryption: 'openpgp' | 'none'
  storageClass: string
  /** From where it would be read. */
  place: Place
  etag: string
  versionId: string | null
  copy: CopyState
  verdict: 'recommended' | 'usable' | 'rejected'
  /** Why it is rejected; none when it is not. */
  reasons: Finding<Rejection>[]
  warnings: Finding[]
  /** Set when it was read to its end. */
  check: { at: number; ok: boolean } | null
}

export type BucketState = Omit<BucketListing, 'objects'>

export interface BackupCatalogue {
  at: number
  own: BucketState
  /** Null where none is configured. */
  copy: BucketState | null
  /** Newest first. */
  rows: BackupRow[]
  /** Key of the recommended one. */
  recommended: string | null
  /** What is below the prefix besides backups. */
  others: { sidecars: number; roles: number; unknown: number }
}

/** What a tile and a checklist need of a catalogue. */
export interface BackupSummary {
  /** When the catalogue was read. */
  at: number
  everyMs: number
  backups: number
  usable: number
  newest: { key: string; takenAt: number; reason: string | null } | null
  recommended: { key: string; takenAt: number; copy: CopyState; verifiedAt: number | null; place: Place } | null
  /** The newest, each with why it cannot be used, or null. Damage to the data is not looked at. */
  recent: { key: string; takenAt: number; size: number; reason: string | null }[]
  rpo: BackupPolicy['rpo']
  own: BucketState
  copy: BucketState | null
}

/** What can be wrong with the bytes of a backup; what explains the most comes first. */
export const damages = [
  'missing',
  'archived',
  'unreachable',
  'truncated',
  'object-sum-differs',
  'checksum-differs',
  'wrong-key',
  'not-encrypted',
  'damaged',
  'unsigned',
  'wrong-signature',
  'not-a-dump',
  'meta-command',
  'incomplete',
] as const
export type BackupDamage = (typeof damages)[number]
