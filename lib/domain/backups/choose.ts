import { byteWords, listWords, utcMinute } from '../units'
import type { BackupCatalogue, BackupRow } from './types'

/** The backup of a restore, or why there is none. */
type Chosen = { row: BackupRow } | { refused: string }

/** The recommended backup, or the one that a person named, which must be usable as well. */
export function chooseBackup({ rows, recommended }: BackupCatalogue, key: string | null): Chosen {
  if (key === null) {
    const best = rows.find((row) => row.key === recommended)
    if (best) return { row: best }
    const newest = rows[0]
    return {
      refused: newest
        ? `No backup in S3 can be used. The newest, ${newest.key}: ${newest.reasons[0]?.says ?? 'no reason is known.'}`
        : 'The buckets contain no backup.',
    }
  }
  const row = rows.find((one) => one.key === key)
  if (!row) return { refused: `${key} is not in the buckets any more.` }
  return row.verdict === 'rejected'
    ? { refused: `${key} cannot be used. ${listWords(row.reasons.map(({ says }) => says))}` }
    : { row }
}

/** Those that may be restored from instead: usable and older, the newest first. */
export const olderThan = ({ rows }: Pick<BackupCatalogue, 'rows'>, row: BackupRow): BackupRow[] =>
  rows.filter((one) => one.verdict !== 'rejected' && one.key !== row.key && one.takenAt <= row.takenAt)

export const backupWords = ({ key, takenAt, size }: Pick<BackupRow, 'key' | 'takenAt' | 'size'>): string =>
  `${key}, taken at ${utcMinute(takenAt)}, ${byteWords(size)}`
