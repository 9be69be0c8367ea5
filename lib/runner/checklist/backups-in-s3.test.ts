/** Item 6 looks at the backups in S3 too: a stopped job or a bad newest backup fails it, and what is not known does not pass. */
import { expect, test } from 'vitest'
import type { BackupSummary } from '../../domain/backups/types'
import type { Reading } from '../../domain/cluster/types'
import { days, hours } from '../../domain/units'
import { probeItem } from '../checklist-probes'
import type { ProbeContext } from './kit'

const now = Date.parse('2026-09-08T14:00:00Z')
const bucket = { bucket: 'backups', region: 'us-west-2', older: 0, error: null, headError: null }
const newest = { key: 'a', takenAt: now - hours(11), reason: null }
const well: BackupSummary = {
  at: now,
  everyMs: days(1),
  recent: [],
  rpo: { targetSeconds: 900, maximumSeconds: 3_600 },
  backups: 8,
  usable: 8,
  newest,
  recommended: { key: 'a', takenAt: now - hours(11), copy: 'same', place: 'own', verifiedAt: now },
  own: bucket,
  copy: bucket,
}
const reading = (value: BackupSummary | null, more: Partial<Reading<BackupSummary>> = {}) => ({
  value,
  observedAt: value && now,
  everyMs: 900_000,
  error: null,
  failingSince: null,
  ...more,
})

const item6 = (s3Backups: Reading<BackupSummary> | null) =>
  probeItem(
    'backups',
    {
      environment: {
        kind: 'production',
        aws: { clusterId: 'c', region: 'us-west-2', crossRegionReplicaId: null, quarantineSecurityGroupId: null },
        database: { criticalTables: [] },
        kubernetes: null,
      },
      now: () => now,
      wait: async () => {},
      ports: {
        fleet: {
          guarded: async () => ({
            cluster: null,
            instances: [
              {
                id: 'c',
                region: 'us-west-2',
                replicaSourceId: null,
                backupRetentionDays: 7,
                latestRestorableAt: now - 60_000,
                securityGroupIds: [],
              },
            ],
          }),
        },
        snapshot: () => s3Backups && { nodes: [], writerId: 'c', s3Backups },
      },
    } as unknown as ProbeContext,
    { impactStartedAt: now, baseline: null },
  )

test('passes with a good backup, and says how old it is and whether it was verified', async () => {
  expect(await item6(reading(well))).toMatchObject({
    state: 'pass',
    says: expect.stringContaining('11 h old, verified'),
  })
})

test.each<[string, Reading<BackupSummary> | null, string]>([
  [
    'the backup job has stopped',
    reading({ ...well, recommended: well.recommended && { ...well.recommended, takenAt: now - days(2) } }),
    'fail',
  ],
  ['the newest backup is bad', reading({ ...well, newest: { ...newest, reason: 'Size 12 kB of 38 GB.' } }), 'fail'],
  ['none can be used', reading({ ...well, usable: 0, recommended: null }), 'fail'],
  ['a bucket cannot be read', reading({ ...well, copy: { ...bucket, error: 'S3 cannot be reached.' } }), 'unknown'],
  ['the catalogue is an hour old', reading(well, { observedAt: now - hours(1) }), 'unknown'],
  ['the catalogue was never read', reading(null), 'unknown'],
  ['S3 has never answered', reading(null, { error: 'S3 cannot be reached.', failingSince: now }), 'unknown'],
  ['there is no snapshot', null, 'unknown'],
  ['no backups in S3 are configured', reading(null, { error: 'No backups in S3 are configured.' }), 'pass'],
])('%s', async (_, s3, state) => {
  expect((await item6(s3)).state).toBe(state)
})
