import { cleanLine, shorten } from '../text'
import { byteWords, minutes, utcMinute } from '../units'
import { foreignCompression, isEncrypted } from './names'
import type {
  BackupCheck,
  BackupPolicy,
  ChecksumState,
  DamageBounds,
  Finding,
  ObjectHead,
  Rejection,
  StoredObject,
} from './types'

/** Clocks of the backup job and of S3 may be this far apart. */
const skewMs = minutes(5)
/** Share by which a backup may be smaller than the others before it is rejected, or larger before it is remarked on. */
const sizeTolerance = 0.3

const named = (text: string) => shorten(cleanLine(text), 60)

/**
 * Of which moment the data is. A dump holds what was committed when it began, so the job's word counts; without one that can be
 * true, the end of the upload is the latest that it can be.
 */
export function takenAtOf({ uploadedAt, head }: StoredObject): { takenAt: number; takenBy: 'job' | 'upload' } {
  const begun = Date.parse(head?.metadata['started-at'] ?? '')
  return Number.isNaN(begun) || begun > uploadedAt + skewMs
    ? { takenAt: uploadedAt, takenBy: 'upload' }
    : { takenAt: begun, takenBy: 'job' }
}

/** The job's sum against S3's own. Both are told by HeadObject; whether the bytes have it shows when they are read. */
export function checksumOf(head: ObjectHead | null): ChecksumState {
  const said = head?.metadata.checksum?.trim().toLowerCase()
  if (!head || !said) return 'none'
  const { checksum } = head
  // S3's sum of a multipart upload is one of its parts.
  if (checksum?.algorithm !== 'SHA256' || checksum.type === 'COMPOSITE') return 'when-read'
  return toHex(checksum.value) === said ? 'matches' : 'differs'
}

const toHex = (base64: string) =>
  [...atob(base64)].map((char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('')

const archives = new Set(['GLACIER', 'DEEP_ARCHIVE'])

function storageFinding({ storageClass, head }: StoredObject, now: number): Finding<Rejection> | null {
  const tier = head?.archiveTier ?? (archives.has(storageClass) ? storageClass : null)
  if (tier === null) return null
  const { retrieved } = head ?? { retrieved: null }
  if (retrieved?.until != null && retrieved.until > now) return null
  if (retrieved && retrieved.until === null)
    return { kind: 'retrieving', says: `It is being retrieved from ${tier}. How long that takes is unknown.` }
  return {
    kind: 'archived',
    says: `It is archived (${tier}) and cannot be read now. How long a retrieval takes is unknown.`,
  }
}

interface JudgeContext {
  policy: BackupPolicy
  damage: DamageBounds | null
  now: number
  medianBytes: number | null
  check: BackupCheck | null
}

type Findings = (Finding<Rejection> | null | false)[]

/** Why an object must not be restored from. Empty: it may be. */
export function rejectionsOf(object: StoredObject, context: JudgeContext): Finding<Rejection>[] {
  const { head, key, size } = object
  const { policy, now, medianBytes, check } = context
  const { takenAt } = takenAtOf(object)
  if (!head) return [{ kind: 'not-examined', says: 'It was not examined.' }]
  const { metadata } = head
  const sum = checksumOf(head)
  const encrypted = isEncrypted(key)
  const compression = foreignCompression(key)
  const source = metadata['source-environment']
  const { database } = metadata
  const all: Findings = [
    size === 0 && { kind: 'empty', says: 'It is empty.' },
    size > 0 &&
      medianBytes !== null &&
      size < medianBytes * (1 - sizeTolerance) && {
        kind: 'too-small',
        says: `Size ${byteWords(size)} of ${byteWords(medianBytes)}.`,
      },
    metadata['started-at'] !== undefined &&
      metadata['finished-at'] === undefined && {
        kind: 'unfinished',
        says: 'The backup job did not record that it finished.',
      },
    sum === 'differs' && { kind: 'checksum-differs', says: 'SHA-256 differs from the metadata.' },
    sum === 'none' && policy.strict && { kind: 'checksum-missing', says: 'The backup job recorded no checksum.' },
    compression !== null && { kind: 'unsupported', says: `Compressed as ${compression}; only gzip can be read here.` },
    policy.encrypted &&
      !encrypted && { kind: 'not-encrypted', says: 'It is not encrypted, so the backup job did not write it.' },
    !policy.encrypted && encrypted && { kind: 'no-key', says: 'It is encrypted, and no key is configured.' },
    storageFinding(object, now),
    source !== undefined && source !== policy.source && { kind: 'other-source', says: `Taken from ${named(source)}.` },
    source === undefined &&
      policy.strict && { kind: 'source-unknown', says: 'Which environment it was taken from is unknown.' },
    database !== undefined &&
      database !== policy.database && { kind: 'other-database', says: `It is of the database ${named(database)}.` },
    context.damage !== null &&
      takenAt >= context.damage.firstBadAt && {
        kind: 'after-damage',
        says: `Taken after the damage, which was first seen at ${utcMinute(context.damage.firstBadAt)}.`,
      },
    takenAt > now + skewMs && { kind: 'in-future', says: `Its time, ${utcMinute(takenAt)}, is in the future.` },
    check?.ok === false && { kind: 'check-failed', says: named(check.says) },
  ]
  return all.filter((finding) => finding !== null && finding !== false)
}

/** What a person should know of an object although it may be used. */
export function warningsOf(
  object: StoredObject,
  context: JudgeContext & { sidecars: number; roles: number },
): Finding[] {
  const { head, size } = object
  const { policy, damage, medianBytes, check } = context
  const { takenAt, takenBy } = takenAtOf(object)
  const all: (Finding | null | false)[] = [
    medianBytes !== null &&
      size > medianBytes * (1 + sizeTolerance) && {
        kind: 'too-large',
        says: `Size ${byteWords(size)}; the others have ${byteWords(medianBytes)}.`,
      },
    checksumOf(head) === 'none' &&
      !policy.strict && { kind: 'checksum-missing', says: 'The backup job recorded no checksum.' },
    head !== null &&
      head.metadata['source-environment'] === undefined &&
      !policy.strict && { kind: 'source-unknown', says: 'Which environment it was taken from is unknown.' },
    takenBy === 'upload' && {
      kind: 'time-of-upload',
      says: 'Its start time is unknown; its data may be older than its upload.',
    },
    damage !== null &&
      takenAt < damage.firstBadAt &&
      (damage.lastGoodAt === null || takenAt > damage.lastGoodAt) && {
        kind: 'maybe-damaged',
        says: 'It may contain the damage: the last known good time is earlier.',
      },
    context.sidecars === 0 && { kind: 'no-sidecar', says: 'It has no checksum or signature file.' },
    context.roles === 0 && { kind: 'no-roles', says: 'Its roles were not dumped with it; the target must have them.' },
    check === null && { kind: 'not-verified', says: 'It has not been read to its end.' },
  ]
  return all.filter((finding) => finding !== null && finding !== false)
}
