import { catalogueOf } from '../domain/backups/catalogue'
import type { BackupDamage, BackupPolicy, CatalogueSample, Place } from '../domain/backups/types'
import type { BackupOpener, BackupStore, Backups } from '../ports/backups'
import { type Verification, verifyBackup } from './verify-backup'

/** What is no finding about the backup: nobody could read it. */
const notRead: readonly BackupDamage[] = ['missing', 'archived', 'unreachable']

interface VerifyRecommended {
  environment: string
  policy: BackupPolicy
  /** As the buckets were last read. */
  sample: CatalogueSample
  backups: Backups
  opener: BackupOpener | null
  store: Pick<BackupStore, 'checks' | 'saveCheck'>
  /** This version instead of the recommended one. */
  chosen?: { place: Place; key: string; etag: string } | null
  now: () => number
  signal?: AbortSignal
  progress?: (bytes: number, size: number) => void
}

/** Reads a backup to its end and writes down what was found. Null: none is recommended, or the chosen one was not seen. */
export async function verifyRecommended(
  options: VerifyRecommended,
): Promise<{ key: string; found: Verification } | null> {
  const { environment, sample, backups, opener, store, now, signal, progress } = options
  const row = options.chosen ?? (await recommendedOf(options))
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

async function recommendedOf({ environment, policy, sample, store, now }: VerifyRecommended) {
  const checks = await store.checks(environment)
  const { rows, recommended } = catalogueOf(sample, { policy, damage: null, checks, now: now() })
  return rows.find(({ key }) => key === recommended) ?? null
}
