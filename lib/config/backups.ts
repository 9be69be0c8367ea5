import type { BackupPolicy } from '../domain/backups/types'
import { hours } from '../domain/units'
import { castmatch } from './castmatch'
import type { EnvironmentConfig } from './environment'

/** What this environment expects of its backups; null where none are configured. */
export function backupPolicy({
  backups,
  database,
}: Pick<EnvironmentConfig, 'backups' | 'database'>): BackupPolicy | null {
  return (
    backups && {
      source: backups.source,
      database: database.name,
      encrypted: backups.decryptionKeyFile !== null,
      strict: backups.strict,
      everyMs: hours(backups.everyHours),
      rpo: castmatch.objectives.rpo,
    }
  )
}

/** Where the buckets are: the own one in the region of the database. */
export const s3Settings = ({ backups, aws }: Pick<EnvironmentConfig, 'backups' | 'aws'>) =>
  backups && {
    own: { bucket: backups.bucket, region: aws.region },
    copy: backups.copy,
    prefix: backups.prefix,
    endpointUrl: aws.endpointUrl,
  }
