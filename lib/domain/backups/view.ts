import type { BackupCatalogue } from './types'

/** What a restore from the recommended backup would lose, against the targets. */
export interface RecoveryPoint {
  takenAt: number
  /** From the backup until now, or until the damage where its time is known. */
  lossMs: number
  until: 'now' | 'damage'
  targetMs: number
  maximumMs: number
  verdict: 'met' | 'within-maximum' | 'breached'
}

/** The screen of the backups in S3. */
export type BackupsView =
  | { state: 'not-configured' }
  /** Nobody has read the buckets yet, so there may be any number of backups. */
  | { state: 'not-read'; place: string }
  | {
      state: 'read'
      place: string
      catalogue: BackupCatalogue
      /** How often the buckets are read. */
      readEveryMs: number
      troubles: string[]
      unknown: string[]
      recoveryPoint: RecoveryPoint | null
    }
