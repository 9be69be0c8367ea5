import { checksumOf, rejectionsOf, takenAtOf, warningsOf } from './judge'
import { isEncrypted, isRolesOf, isSidecarOf, kindOf } from './names'
import type {
  BackupCatalogue,
  BackupCheck,
  BackupPolicy,
  BackupRow,
  BucketListing,
  CatalogueSample,
  CopyState,
  DamageBounds,
  Finding,
  Place,
  Rejection,
  StoredObject,
} from './types'

/** So many others make the size that is expected of a backup. */
const compared = 7

export interface CatalogueContext {
  policy: BackupPolicy
  damage: DamageBounds | null
  checks: readonly BackupCheck[]
  now: number
}

interface Placed {
  place: Place
  object: StoredObject
}

/** A backup with the objects of its key in either bucket. */
interface Pair {
  key: string
  own: StoredObject | null
  copy: StoredObject | null
}

/**
 * What of both buckets is a backup, which one to restore from, and why not from the others. The order in which S3 lists objects
 * has no influence.
 */
export function catalogueOf(sample: CatalogueSample, context: CatalogueContext): BackupCatalogue {
  const own = sample.own.error === null ? sample.own.objects : []
  const copy = sample.copy?.error === null ? sample.copy.objects : []
  const keys = [...new Set([...own, ...copy].map(({ key }) => key))].sort()
  const pairs = keys
    .filter((key) => kindOf(key) === 'backup')
    .map((key): Pair => ({ key, own: find(own, key), copy: find(copy, key) }))
    .sort(newestFirst)
  const rows = pairs.map((pair) => rowOf(pair, pairs, keys, sample, context))
  const best = rows.find(({ verdict }) => verdict === 'usable') ?? null
  const count = (kind: ReturnType<typeof kindOf>) => keys.filter((key) => kindOf(key) === kind).length
  return {
    at: sample.at,
    own: stateOf(sample.own),
    copy: sample.copy && stateOf(sample.copy),
    rows: rows.map((row) => (row === best ? { ...row, verdict: 'recommended' } : row)),
    recommended: best?.key ?? null,
    others: { sidecars: count('sidecar'), roles: count('roles'), unknown: count('unknown') },
  }
}

const stateOf = ({ objects: _, ...state }: BucketListing) => state
const find = (objects: readonly StoredObject[], key: string) => objects.find((object) => object.key === key) ?? null
/** The object that a pair is known by: what the job wrote, else its copy. */
const shown = ({ own, copy }: Pair): StoredObject => {
  const object = own ?? copy
  if (!object) throw new Error('a pair has an object')
  return object
}
const takenAt = (pair: Pair) => takenAtOf(shown(pair)).takenAt
const newestFirst = (a: Pair, b: Pair) => takenAt(b) - takenAt(a) || (a.key < b.key ? 1 : -1)

/** Backups of the same database, the seven before this one; where there are fewer, those after it as well. */
function peersOf(pair: Pair, pairs: readonly Pair[]): { before: StoredObject[]; all: StoredObject[] } {
  const of = (one: Pair) => {
    const { metadata } = shown(one).head ?? { metadata: {} as Record<string, string> }
    return `${metadata['source-environment']} ${metadata.database}`
  }
  const same = pairs.filter((other) => other === pair || (of(other) === of(pair) && shown(other).size > 0))
  const at = same.indexOf(pair)
  const before = same.slice(at + 1, at + 1 + compared).map(shown)
  const after = same
    .slice(0, at)
    .reverse()
    .slice(0, compared - before.length)
    .map(shown)
  return { before, all: [...before, ...after] }
}

export function medianOf(sizes: readonly number[]): number | null {
  const sorted = [...sizes].sort((a, b) => a - b)
  const low = sorted[Math.floor((sorted.length - 1) / 2)]
  const high = sorted[Math.floor(sorted.length / 2)]
  return low === undefined || high === undefined ? null : (low + high) / 2
}

function rowOf(
  pair: Pair,
  pairs: readonly Pair[],
  keys: readonly string[],
  sample: CatalogueSample,
  context: CatalogueContext,
): BackupRow {
  const peers = peersOf(pair, pairs)
  const medianBytes = medianOf(peers.all.map(({ size }) => size))
  const found: Placed[] = [
    ...(pair.own ? [{ place: 'own' as const, object: pair.own }] : []),
    ...(pair.copy ? [{ place: 'copy' as const, object: pair.copy }] : []),
  ]
  const judged = found.map(({ place, object }) => {
    const bucket = (place === 'own' ? sample.own : sample.copy)?.bucket
    const check = newestCheck(
      context.checks.filter((one) => one.bucket === bucket && one.key === pair.key && one.etag === object.etag),
    )
    const { policy, damage, now } = context
    const judging = { policy, damage, now, medianBytes, check }
    return { place, object, judging, check, reasons: rejectionsOf(object, judging) }
  })
  // The own bucket first: its region is where the restore runs. A copy that is whole replaces a damaged original.
  const chosen = judged.find(({ reasons }) => reasons.length === 0) ?? judged[0]
  if (!chosen) throw new Error('a pair has an object')
  const { object, place, check, reasons } = chosen
  const copy = copyOf(pair, sample)
  const sidecars = keys.filter((key) => isSidecarOf(key, pair.key)).length
  const roles = keys.filter((key) => isRolesOf(key, pair.key)).length
  const refused = place === 'copy' ? (judged.find((one) => one.place === 'own')?.reasons ?? []) : []
  return {
    key: pair.key,
    ...takenAtOf(object),
    size: object.size,
    medianBytes,
    sizes: [...peers.before.map(({ size }) => size).reverse(), object.size],
    checksum: checksumOf(object.head),
    encryption: isEncrypted(pair.key) ? 'openpgp' : 'none',
    storageClass: object.storageClass,
    place,
    etag: object.etag,
    versionId: object.head?.versionId ?? null,
    copy,
    verdict: reasons.length === 0 ? 'usable' : 'rejected',
    reasons: inOrder(reasons),
    warnings: [
      ...(refused.length ? [{ kind: 'from-copy', says: `The copy is used. The original: ${refused[0]?.says}` }] : []),
      ...warningsOf(object, { ...chosen.judging, sidecars, roles }),
      ...copyWarning(copy),
    ],
    check: check && { at: check.at, ok: check.ok },
  }
}

const newestCheck = (checks: BackupCheck[]) =>
  checks.reduce<BackupCheck | null>((a, b) => (a && a.at > b.at ? a : b), null)

/** What is wrong with the bytes comes before what is wrong with their place. */
const inOrder = (reasons: Finding<Rejection>[]) => [
  ...reasons.filter(({ kind }) => kind === 'check-failed'),
  ...reasons.filter(({ kind }) => kind !== 'check-failed'),
]

function copyOf({ own, copy }: Pair, sample: CatalogueSample): CopyState {
  if (sample.copy === null) return 'none'
  if (sample.copy.error !== null) return 'unknown'
  if (own && copy) return isSame(own, copy) ? 'same' : 'differs'
  if (!own) return sample.own.error === null ? 'only-copy' : 'unknown'
  const replication = own.head?.replication
  return replication === 'pending' || replication === 'failed' ? replication : 'missing'
}

/** By S3's sum where both have one, else by the tag, which a copy keeps when its parts are the same. */
function isSame(a: StoredObject, b: StoredObject): boolean {
  const [one, other] = [a.head?.checksum, b.head?.checksum]
  if (a.size !== b.size) return false
  return one && other && one.algorithm === other.algorithm && one.type === other.type
    ? one.value === other.value
    : a.etag === b.etag
}

function copyWarning(copy: CopyState): Finding[] {
  const says: Record<CopyState, string | null> = {
    same: null,
    none: null,
    differs: 'The copy in the other region is not the same.',
    pending: 'The copy in the other region is still being made.',
    failed: 'S3 failed to copy it to the other region.',
    missing: 'The other region has no copy.',
    'only-copy': 'Only the copy in the other region exists.',
    unknown: 'Whether both regions have it is unknown: one bucket could not be read.',
  }
  const sentence = says[copy]
  return sentence === null ? [] : [{ kind: `copy-${copy}`, says: sentence }]
}
