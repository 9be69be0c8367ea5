/** What a restore sends and compares, read from each shape of a database by the lab's own answers. */
import { afterEach, expect, test } from 'vitest'
import { type LabDouble, startLabDouble } from '../../../lab/aws/lab-double'
import { createRds } from './index'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function rdsOf(shape: 'hybrid' | 'instance') {
  const lab: LabDouble = await startLabDouble(shape)
  lab.cluster.window = { earliest: 1_770_000_000_000, latest: 1_770_000_600_000 }
  const rds = createRds({
    region: 'us-west-2',
    drRegion: 'us-east-1',
    endpointUrl: lab.endpoint,
    credentials: lab.credentials,
  })
  ends.push(() => lab.stop())
  ends.push(() => rds.close())
  return { lab, rds }
}

test('a cluster is read with its window, its groups and its members, the writer first', async () => {
  const { rds } = await rdsOf('hybrid')
  const found = await rds.restorable('castmatch-prod-cluster')
  expect(found).toMatchObject({
    kind: 'cluster',
    id: 'castmatch-prod-cluster',
    status: 'available',
    window: { earliestAt: 1_770_000_000_000, latestAt: 1_770_000_600_000 },
    attributes: {
      engine: 'postgres',
      subnetGroup: 'castmatch-db-subnets',
      parameterGroup: 'castmatch-prod-pg15',
      securityGroupIds: ['sg-0a51c0de0castdb01'],
      kmsKeyId: expect.stringContaining('arn:aws:kms:us-west-2:'),
      storageType: 'gp3',
      iops: 12_000,
      logExports: ['postgresql'],
      deletionProtection: true,
      copyTagsToSnapshots: true,
      backupRetentionDays: 7,
    },
    tags: { service: 'castmatch' },
  })
  expect(found.instances.map(({ id, isWriter, parameterGroup }) => ({ id, isWriter, parameterGroup }))).toEqual([
    { id: 'castmatch-prod-primary', isWriter: true, parameterGroup: 'castmatch-prod-pg15' },
    { id: 'castmatch-prod-replica-1', isWriter: false, parameterGroup: 'castmatch-prod-pg15' },
    { id: 'castmatch-prod-replica-2', isWriter: false, parameterGroup: 'castmatch-prod-pg15' },
  ])
})

test('an instance that stands alone has its window in its automated backup', async () => {
  const { rds } = await rdsOf('instance')
  const found = await rds.restorable('castmatch-prod-primary')
  expect(found).toMatchObject({
    kind: 'instance',
    window: { earliestAt: 1_770_000_000_000, latestAt: 1_770_000_600_000 },
    attributes: { subnetGroup: 'castmatch-db-subnets', parameterGroup: 'castmatch-prod-pg15' },
    instances: [{ id: 'castmatch-prod-primary', isWriter: true }],
  })
})

test('one that takes no backups has no window', async () => {
  const { rds } = await rdsOf('instance')
  expect((await rds.restorable('castmatch-prod-replica-1')).window.earliestAt).toBeNull()
})

test('what does not exist is missing', async () => {
  const { rds } = await rdsOf('hybrid')
  await expect(rds.restorable('nothing-of-this-name')).rejects.toMatchObject({ errorClass: 'missing' })
})
