import { catalogueOf } from '../domain/backups/catalogue'
import type { BackupDamage, BackupPolicy, CatalogueSample } from '../domain/backups/types'
import type { BackupOpener, BackupStore, Backups } from '../ports/backups'
import { type Verification, verifyBackup } from './verify-backup'

/** What is no finding about the backup: nobody could read it. */
const notRead: readonly BackupDamage[] = ['missing', 'archived', 'unreachable']

export interface VerifyRecommended {
  environment: string
  policy: BackupPolicy
  /** As the buckets were last read. */
  sample: CatalogueSample
  backups: Backups
  opener: BackupOpener | null
  store: Pick<BackupStore, 'checks' | 'saveCheck'>
  now: () => number
  signal?: AbortSignal
  progress?: (bytes: number, size: number) => void
}

/** Reads the recommended backup to its end and writes down what was found. Null: none is recommended. */
export async function verifyRecommended(
  options: VerifyRecommended,
): Promise<{ key: string; found: Verification } | null> {
  const { environment, policy, sample, backups, opener, store, now, signal, progress } = options
  const checks = await store.checks(environment)
  const { rows, recommended } = catalogueOf(sample, { policy, damage: null, checks, now: now() })
  const row = rows.find(({ key }) => key === recommended)
  const listing = row && (row.place === 'own' ? sample.own : sample.copy)
  const object = listing?.objects.find(({ key, etag }) => key === row?.key && etag === row?.etag)
  if (!row || !listing || !object) return null
  const found = await verifyBackup({
    backups,
    opener,
    place: row.place,
    object,
    ...(signal ? { signal } : {}),
    ...(progress ? { progress: (bytes) => progress(bytes, object.size) } : {}),
  })
  if (found.damage === null || !notRead.includes(found.damage))
    await store.saveCheck(environment, {
      bucket: listing.bucket,
      key: row.key,
      etag: row.etag,
      at: now(),
      ok: found.ok,
      says: found.says,
    })
  return { key: row.key, found }
}
