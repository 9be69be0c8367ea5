import { durationWords } from '../units'
import type { BackupCatalogue, BackupPolicy, BackupSummary } from './types'

/** What is said of backups where there is no room for all of them. */
export function summaryOf(
  catalogue: BackupCatalogue,
  { everyMs, rpo }: Pick<BackupPolicy, 'everyMs' | 'rpo'>,
): BackupSummary {
  const { at, rows, own, copy } = catalogue
  const [newest] = rows
  const best = rows.find(({ verdict }) => verdict === 'recommended')
  return {
    at,
    everyMs,
    backups: rows.length,
    usable: rows.filter(({ verdict }) => verdict !== 'rejected').length,
    newest: newest ? { key: newest.key, takenAt: newest.takenAt, reason: newest.reasons[0]?.says ?? null } : null,
    recommended: best
      ? {
          key: best.key,
          takenAt: best.takenAt,
          copy: best.copy,
          place: best.place,
          verifiedAt: best.check?.ok ? best.check.at : null,
        }
      : null,
    recent: rows
      .slice(0, recentShown)
      .map(({ key, takenAt, size, reasons }) => ({ key, takenAt, size, reason: reasons[0]?.says ?? null })),
    rpo,
    own,
    copy,
  }
}

/** So many can be chosen without looking at all of them. */
const recentShown = 12

/** The newest usable one before the damage; null when there is none among them. */
export const usableBefore = (recent: BackupSummary['recent'], damageAt: number | null) =>
  recent.find(({ reason, takenAt }) => reason === null && (damageAt === null || takenAt < damageAt)) ?? null

/** A backup that is this much older than the time between two has not come. */
const late = 1.5

const isOverdue = ({ everyMs }: Pick<BackupSummary, 'everyMs'>, takenAt: number, now: number): boolean =>
  now - takenAt > everyMs * late

/** What is wrong with the backups in S3, and what cannot be told. Both empty: the job works and a backup can be used. */
export function backupTroubles(summary: BackupSummary, now: number): { troubles: string[]; unknown: string[] } {
  const { own, copy, newest, recommended, everyMs } = summary
  const unknown = [own, copy].flatMap((one) => {
    const why = one?.error ?? one?.headError ?? null
    return one && why !== null ? [`Bucket ${one.bucket}: ${why}`] : []
  })
  if (own.error !== null && (copy === null || copy.error !== null)) return { troubles: [], unknown }
  const troubles: string[] = []
  if (!newest) {
    if (own.error === null) troubles.push(`Bucket ${own.bucket} contains no backup.`)
    return { troubles, unknown }
  }
  if (!recommended) troubles.push(`None of ${summary.backups} backups in S3 can be used.`)
  else if (isOverdue(summary, recommended.takenAt, now))
    troubles.push(
      `The newest usable backup in S3 is ${durationWords(now - recommended.takenAt)} old; one is due every ${durationWords(everyMs)}.`,
    )
  if (newest.reason !== null) troubles.push(`The newest backup in S3 is rejected: ${newest.reason}`)
  if (recommended?.copy === 'only-copy') troubles.push(`Bucket ${own.bucket} no longer has the newest usable backup.`)
  if (recommended && ['missing', 'failed', 'differs'].includes(recommended.copy))
    troubles.push('The other region has no good copy of the newest usable backup.')
  return { troubles, unknown }
}
