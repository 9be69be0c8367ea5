import { join } from 'node:path'
import type { Lab } from '../contract'
import { registerS3 } from '../s3/index'
import { backupBucket, buckets, replicaBucket } from '../s3/object'
import { backupFaults } from './faults'
import { BackupJob, prefix } from './job'

const defaultMinutes = 5

/** Minutes between two backups: LAB_BACKUP_MINUTES, else five. Throws on what is no number above zero. */
export function backupMinutes(environment: NodeJS.ProcessEnv = process.env): number {
  const word = environment.LAB_BACKUP_MINUTES
  if (word === undefined || word === '') return defaultMinutes
  const minutes = Number(word)
  if (!(minutes > 0)) throw new Error(`LAB_BACKUP_MINUTES is "${word}"; it must be a number above 0.`)
  return minutes
}

/** Adds S3, the job that writes encrypted dumps into it, and the faults of both. Answers the job. */
export function registerBackups(lab: Lab): BackupJob {
  const store = registerS3(lab)
  const { dataDir, platform } = lab.context
  const minutes = backupMinutes()
  const job = new BackupJob({ store, dataDir, writer: platform ?? (() => null), everyMs: minutes * 60_000 })
  lab.addPart({ start: () => job.start(), stop: () => job.stop() })
  lab.addControl('backup', async () => {
    const { bucket, key, versionId, size } = await job.run()
    return { backup: { bucket, key, versionId, size } }
  })
  for (const fault of backupFaults(job, store)) lab.addFault(fault)
  const regionOf = (name: string) => buckets.find((bucket) => bucket.name === name)?.region ?? null
  lab.describe({
    backups: {
      bucket: backupBucket,
      region: regionOf(backupBucket),
      replicaBucket,
      replicaRegion: regionOf(replicaBucket),
      prefix,
      everyMinutes: minutes,
      decryptionKeyFile: join(job.keys, 'decryption-private.asc'),
      signingKeyFile: join(job.keys, 'signing-public.asc'),
    },
  })
  return job
}
