import { z } from 'zod'

export const checksumAlgorithms = ['SHA256', 'CRC32'] as const
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number]

const checksumSchema = z.object({
  algorithm: z.enum(checksumAlgorithms),
  /** Base64; of a composite one with the number of parts behind a hyphen. */
  value: z.string(),
  type: z.enum(['FULL_OBJECT', 'COMPOSITE']),
})
export type Checksum = z.infer<typeof checksumSchema>

export const versionSchema = z.object({
  bucket: z.string(),
  key: z.string(),
  versionId: z.string(),
  /** ms */
  lastModified: z.number(),
  /** Counts up: two versions may be of the same ms. */
  sequence: z.number(),
  deleteMarker: z.boolean(),
  size: z.number(),
  etag: z.string(),
  storageClass: z.string(),
  contentType: z.string(),
  metadata: z.record(z.string(), z.string()),
  checksum: checksumSchema.nullable(),
  /** Bytes of each part of a multipart upload. */
  parts: z.array(z.number()),
  replication: z.enum(['PENDING', 'COMPLETED', 'FAILED', 'REPLICA']).nullable(),
  /** Of an archived object that was asked back: until when a copy can be read, ms; 0 while it is on its way. */
  restoredUntil: z.number().nullable(),
})
/** One version of an object, or the marker that deletes it. */
export type ObjectVersion = z.infer<typeof versionSchema>

/** Objects of these classes cannot be read before they are asked back. */
const archived = new Set(['GLACIER', 'DEEP_ARCHIVE'])
export const storageClasses = [
  'STANDARD',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  ...archived,
]

export function isUnreadable(version: ObjectVersion, now: number): boolean {
  return archived.has(version.storageClass) && !(version.restoredUntil !== null && version.restoredUntil > now)
}

interface Bucket {
  name: string
  region: string
  /** The bucket that receives a copy of every new object. */
  replicaOf: string | null
  /** Anybody may read its objects. */
  isPublic?: true
}

export const backupBucket = 'castmatch-db-backups'
export const replicaBucket = 'castmatch-db-backups-dr'
/** Objects that health checks look for: by being there they move a name. */
export const switchBucket = 'castmatch-dr-switch'
export const buckets: readonly Bucket[] = [
  { name: backupBucket, region: 'us-west-2', replicaOf: null },
  { name: replicaBucket, region: 'us-east-1', replicaOf: backupBucket },
  { name: switchBucket, region: 'us-east-1', replicaOf: null, isPublic: true },
]
