import { backupPolicy } from '../config/backups'
import { catalogueOf } from '../domain/backups/catalogue'
import { boundsOf, recoveryPointOf } from '../domain/backups/recovery-point'
import { backupTroubles, summaryOf } from '../domain/backups/summary'
import type { BackupsView } from '../domain/backups/view'
import { minutes } from '../domain/units'
import { readBackupChecks, readCatalogueSample } from '../store/backups'
import type { ViewSource } from './context'

const usuallyReadEveryMs = minutes(15)

/** The backups in S3 as they were last read, judged as of now. Throws ExpectedError when the store is away. */
export async function readBackups(source: ViewSource): Promise<BackupsView> {
  const { environment, store } = source
  const policy = backupPolicy(environment)
  const { backups } = environment
  if (!policy || !backups) return { state: 'not-configured' }
  const place = `s3://${backups.bucket}/${backups.prefix}`
  const [sample, checks] = await Promise.all([
    readCatalogueSample(store, environment.name),
    readBackupChecks(store, environment.name),
  ])
  if (!sample) return { state: 'not-read', place }
  const now = source.now()
  const snapshot = source.snapshot()
  const damage = boundsOf(snapshot?.diagnosis.damage?.findings ?? [])
  const catalogue = catalogueOf(sample, { policy, damage, checks, now })
  const best = catalogue.rows.find(({ verdict }) => verdict === 'recommended')
  return {
    state: 'read',
    place,
    catalogue,
    readEveryMs: snapshot?.s3Backups.everyMs ?? usuallyReadEveryMs,
    ...backupTroubles(summaryOf(catalogue, policy), now),
    recoveryPoint: best ? recoveryPointOf(best, damage, now, policy.rpo) : null,
  }
}
