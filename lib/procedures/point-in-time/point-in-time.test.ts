// What a run of each goal consists of, what it sends, and what it refuses, without a database.
import { describe, expect, test } from 'vitest'
import type { Snapshot } from '../../domain/cluster/types'
import type { Restorable } from '../../domain/restore/restorable'
import { PortError } from '../../ports/port-error'
import type { World } from '../contract'
import { readFacts } from '../facts'
import { copyDifferences } from '../steps/copy'
import { everything } from '../testing/surroundings'
import { outgrown, type PointBound } from './approval'
import { type Ctx, instanceCall, pointCopy, restoreCall } from './copy'
import { pointFacts } from './facts'
import { imaginedRecovery } from './imagined'
import { pointInTime } from './index'
import { pointInputs, refuses } from './inputs'
import { createInstance, restoreCopy } from './restore-copy'

const environment = { ...everything, aws: { ...everything.aws, recoverySecurityGroupId: 'sg-rec' } }
const at = Date.parse('2026-11-29T03:12:00Z')
const now = Date.parse('2026-11-29T04:00:00Z')
const maintenance = { maintenanceBy: 'Morgan Lee', maintenanceAt: '2026-11-29T03:30:00Z' }
const inputs = (more: object = {}) => pointInputs.parse({ at: '2026-11-29T03:12:00Z', instanceCount: 3, ...more })

const source: Restorable = {
  kind: 'cluster',
  id: 'castmatch-prod-cluster',
  arn: 'arn',
  status: 'available',
  endpoint: { host: 'source', port: 5432 },
  readerEndpoint: null,
  masterUsername: 'castmatch_admin',
  window: { earliestAt: at - 7_200_000, latestAt: now - 60_000 },
  attributes: {
    engine: 'aurora-postgresql',
    engineVersion: '15.4',
    port: 5432,
    subnetGroup: 'db-subnets',
    parameterGroup: 'prod-pg15',
    securityGroupIds: ['sg-app'],
    encrypted: true,
    kmsKeyId: 'key/1',
    storageType: 'aurora',
    iops: 3000,
    storageGiB: 1,
    iamAuthentication: true,
    logExports: ['postgresql'],
    deletionProtection: true,
    copyTagsToSnapshots: true,
    backupRetentionDays: 7,
    multiAz: true,
  },
  instances: [
    {
      id: 'w',
      isWriter: true,
      status: 'available',
      address: { host: 'w', port: 5432 },
      zone: 'us-west-2a',
      instanceClass: 'db.r6g.2xlarge',
      parameterGroup: 'prod-pg15',
      promotionTier: 0,
      publiclyAccessible: false,
      multiAz: false,
      tags: {},
    },
  ],
  tags: { service: 'castmatch', 'aws:cloudformation:stack-name': 's', 'dr-run': 'an earlier run' },
}
const ctx = (more: Partial<Ctx> = {}): Ctx => ({
  runId: '20261129t0400z-0a1b2c',
  mode: 'real',
  startedAt: now,
  inputs: inputs(),
  facts: {
    nameSuffix: '20261129t0400z-0a1b2c',
    source,
    restoreAt: at,
    copyId: 'castmatch-prod-cluster-20261129t0400z-0a1b2c',
  },
  ...more,
})
const copyId = 'castmatch-prod-cluster-20261129t0400z-0a1b2c'

describe('a run', () => {
  const ids = (goal: 'inspect' | 'cutover', more: object = {}) =>
    pointInTime.steps(environment, inputs({ goal, instanceCount: 2, ...maintenance, ...more })).map(({ id }) => id)
  const toCopy = [
    'baseline',
    'approve',
    'restore-copy',
    'create-instance-1',
    'create-instance-2',
    'compare-copy',
    'rest-copy',
    'validate-copy',
    'analyze-copy',
  ]

  test('that inspects ends with a validated copy and never touches the source', () => {
    expect(ids('inspect')).toEqual(['choose-point', ...toCopy, 'keep-copy'])
  })

  test('that cuts over freezes first, and asks again before the point of no return', () => {
    const steps = ids('cutover')
    expect(steps.slice(0, 12)).toEqual(['choose-point', 'scale-down-api', 'freeze-source', ...toCopy])
    expect(steps.slice(12)).toEqual([
      'compare-rows',
      'approve-cutover',
      'hold-traffic',
      'fence',
      'open-copy',
      'wake-copy',
      'switch-pooler',
      'switch-api',
      'first-pod-api',
      'all-pods-api',
      'verify-recovery',
      'left-sessions',
      'retain-source',
    ])
    const late = ids('cutover', { freeze: 'at-cutover' })
    expect(late.slice(late.indexOf('approve-cutover'), late.indexOf('open-copy'))).toEqual([
      'approve-cutover',
      'scale-down-api',
      'hold-traffic',
      'freeze-source',
      'fence',
    ])
  })

  test('creates its instances at the same time, and one alone without a stage', () => {
    const stages = (instanceCount: number) =>
      pointInTime
        .steps(environment, inputs({ instanceCount }))
        .flatMap(({ id, stage }) => (id.startsWith('create-instance') ? [stage?.id ?? null] : []))
    expect(stages(3)).toEqual(['create-instances', 'create-instances', 'create-instances'])
    expect(stages(1)).toEqual([null])
    expect(stages(0)).toEqual([])
  })

  test('opens the copy only by a dangerous step, and deletes a copy only by a dangerous way back', () => {
    const steps = pointInTime.steps(environment, inputs({ goal: 'cutover', ...maintenance }))
    expect(steps.filter(({ effect }) => effect === 'DANGEROUS').map(({ id }) => id)).toEqual([
      'fence',
      'open-copy',
      'left-sessions',
    ])
    const back = steps.flatMap(({ id, undo }) => (undo && /copy|instance/.test(id) ? [undo.effect] : []))
    expect(back).toEqual(['DANGEROUS', 'DANGEROUS', 'DANGEROUS', 'DANGEROUS'])
  })
})

describe('the restore', () => {
  test('tells every attribute of the source, into quarantine and deletable', () => {
    expect(restoreCall(ctx(), environment)).toEqual({
      kind: 'aws',
      service: 'rds',
      operation: 'RestoreDBClusterToPointInTime',
      region: 'us-west-2',
      input: {
        DBClusterIdentifier: copyId,
        SourceDBClusterIdentifier: 'castmatch-prod-cluster',
        RestoreToTime: '2026-11-29T03:12:00.000Z',
        DBClusterParameterGroupName: 'prod-pg15',
        KmsKeyId: 'key/1',
        DBSubnetGroupName: 'db-subnets',
        VpcSecurityGroupIds: ['sg-rec'],
        Port: 5432,
        StorageType: 'aurora',
        DeletionProtection: false,
        CopyTagsToSnapshot: true,
        EnableIAMDatabaseAuthentication: true,
        EnableCloudwatchLogsExports: ['postgresql'],
        Tags: [
          { Key: 'service', Value: 'castmatch' },
          { Key: 'dr-run', Value: '20261129t0400z-0a1b2c' },
        ],
      },
    })
  })

  test('of an instance is one call, without a key and without Multi-AZ', () => {
    const facts = { ...ctx().facts, source: { ...source, kind: 'instance' as const } }
    expect(restoreCall(ctx({ facts }), environment)).toMatchObject({
      operation: 'RestoreDBInstanceToPointInTime',
      input: { TargetDBInstanceIdentifier: copyId, MultiAZ: false, DBInstanceClass: 'db.r6g.2xlarge' },
    })
    expect(restoreCall(ctx({ facts }), environment).input).not.toHaveProperty('KmsKeyId')
  })

  test('creates instances with the engine, class and groups of the source', () => {
    expect(instanceCall(ctx(), environment, 2).input).toEqual({
      DBInstanceIdentifier: `${copyId}-2`,
      DBClusterIdentifier: copyId,
      DBInstanceClass: 'db.r6g.2xlarge',
      Engine: 'aurora-postgresql',
      DBParameterGroupName: 'prod-pg15',
      PromotionTier: 0,
      PubliclyAccessible: false,
      Tags: [
        { Key: 'service', Value: 'castmatch' },
        { Key: 'dr-run', Value: '20261129t0400z-0a1b2c' },
      ],
    })
  })

  test('gives a copy that is as its source, and one in the default groups is told', () => {
    const made: Restorable = {
      ...source,
      id: copyId,
      attributes: { ...source.attributes, securityGroupIds: ['sg-rec'], deletionProtection: false },
      tags: { service: 'castmatch', 'dr-run': '20261129t0400z-0a1b2c' },
    }
    expect(copyDifferences(pointCopy, ctx(), environment, made, false)).toEqual([])
    const defaults = { ...made, attributes: { ...made.attributes, parameterGroup: 'default.aurora-postgresql15' } }
    expect(copyDifferences(pointCopy, ctx(), environment, defaults, false).map(({ what }) => what)).toEqual([
      'Parameter group',
    ])
    expect(copyDifferences(pointCopy, ctx(), environment, made, true).map(({ what }) => what)).toEqual([
      'Security groups',
      'Deletion protection',
    ])
  })
})

const missing = new PortError('missing', 'There is none.', { outcome: 'rejected', probe: 'api' })
const worldOf = (found: Partial<Restorable> | null, group: string | null = 'sg-rec') =>
  ({
    environment: { ...environment, aws: { ...environment.aws, recoverySecurityGroupId: group } },
    now: () => now,
    fleet: {
      restorable: async (id: string) => {
        if (id === environment.aws.clusterId) return source
        if (!found) throw missing
        return { ...source, id, ...found }
      },
      instance: async (id: string) => {
        if (!found) throw missing
        return { id, status: found.status, tags: found.tags, address: null }
      },
    },
  }) as unknown as World

describe.each([
  ['a cluster', restoreCopy(environment)],
  ['an instance', createInstance(environment, 1, false)],
])('under the name of the copy, %s', (_what, step) => {
  const observe = (found: Partial<Restorable> | null) => step.observe?.(worldOf(found), ctx())
  const ours = { 'dr-run': ctx().runId }

  test('that does not exist is made', async () => {
    expect(await observe(null)).toMatchObject({ state: 'not-started' })
  })
  test('that this run has made is followed and never made twice', async () => {
    expect(await observe({ status: 'creating', tags: ours })).toMatchObject({ state: 'in-flight' })
    expect(await observe({ status: 'available', tags: ours })).toMatchObject({ state: 'done' })
  })
  test.each<Record<string, string>>([{}, { 'dr-run': 'another run' }])(
    'of somebody else (%j) is a conflict, and is not deleted',
    async (tags) => {
      expect(await observe({ status: 'available', tags })).toMatchObject({
        state: 'conflict',
        says: expect.stringContaining('Nothing of it was touched'),
      })
      expect(await step.verify(worldOf({ status: 'available', tags }), ctx(), 0)).toMatchObject({ state: 'failed' })
      expect(await step.undo?.guard?.(worldOf({ status: 'available', tags, instances: [] }), ctx())).toContain(
        'not this run',
      )
    },
  )
  test.each(['incompatible-restore', 'failed', 'inaccessible-encryption-credentials'])(
    'that ends as %s fails, and may be deleted',
    async (status) => {
      const found = { status, tags: ours, instances: [] }
      expect(await step.verify(worldOf(found), ctx(), 0)).toMatchObject({
        state: 'failed',
        says: expect.stringContaining('Roll back to delete it'),
      })
      expect(await step.undo?.guard?.(worldOf(found), ctx())).toBeNull()
    },
  )
  test('that the application writes to is not deleted', async () => {
    const opened = ctx({ facts: { ...ctx().facts, openedAt: now } })
    expect(await step.undo?.guard?.(worldOf({ status: 'available', tags: ours, instances: [] }), opened)).toContain(
      'The application writes',
    )
  })
})

describe('right before the restore', () => {
  const guard = (facts: object, group: string | null = 'sg-rec') =>
    restoreCopy(environment).guard?.(worldOf(null, group), ctx({ facts: { ...ctx().facts, ...facts } }))

  test('a point that has left the window is refused with both bounds', async () => {
    expect(await guard({})).toBeNull()
    expect(await guard({ restoreAt: at - 7_200_000 })).toContain('before the restore window')
    expect(await guard({ restoreAt: now - 30_000 })).toContain('after the latest restorable time')
  })
  test('nothing is made without a group of its own', async () => {
    expect(await guard({}, null)).toContain('No recovery security group')
  })
})

describe('what was entered', () => {
  const picture = (topology: string) =>
    ({
      topology,
      backups: { value: { retentionDays: 7, earliestRestorableAt: at - 60_000, latestRestorableAt: now - 60_000 } },
    }) as unknown as Snapshot
  const refused = (more: object, topology = 'hybrid') => refuses(inputs(more), { snapshot: picture(topology), now })

  test('inside the window is taken', () => {
    expect(refused({})).toBeNull()
    expect(refused({ at: 'latest' })).toBeNull()
  })
  test.each([
    ['at', { at: '2026-11-29T03:00:00Z' }],
    ['at', { at: '2026-11-29T05:00:00Z' }],
    ['at', { at: '2026-11-29T03:12:00Z', firstBadAt: '2026-11-29T03:12:00.500Z' }],
    ['firstBadAt', { firstBadAt: '2026-11-29T05:00:00Z' }],
    ['instanceCount', { instanceCount: 0 }],
  ])('%s is refused for %j', (field, more) => {
    expect(Object.keys(refused(more) ?? {})).toEqual([field])
  })
  test('a lone instance is restored without further instances', () => {
    expect(refused({ instanceCount: 0 }, 'instance')).toBeNull()
    expect(Object.keys(refused({ instanceCount: 1 }, 'instance') ?? {})).toEqual(['instanceCount'])
  })
  test.each([
    ['a local time', { at: '2026-11-29T03:12:00' }],
    ['a cutover without a maintenance window', { goal: 'cutover' }],
    ['a table that is none', { damagedTables: 'users; DROP TABLE users' }],
    ['an extraction without tables', { goal: 'extract' }],
    ['a name that RDS refuses', { nameBase: 'Castmatch--Prod' }],
  ])('%s is not taken', (_what, more) => {
    expect(pointInputs.safeParse({ instanceCount: 1, ...more }).success).toBe(false)
  })
})

describe('an approval', () => {
  const bound: Exclude<PointBound, { stage: 'merge' }> = {
    stage: 'cutover',
    goal: 'cutover',
    source: 's',
    copy: 'c',
    at,
    lossSeconds: 600,
    validatedAt: 1,
    endpoint: 'e',
  }
  test('holds while nothing of it has changed, and while the loss grows a little', () => {
    expect(outgrown(bound, bound)).toBeNull()
    expect(outgrown(bound, { ...bound, lossSeconds: 800 })).toBeNull()
  })
  test.each<Partial<typeof bound>>([
    { stage: 'restore' },
    { goal: 'inspect' },
    { source: 'other' },
    { copy: 'other' },
    { at: at - 1 },
    { validatedAt: 2 },
    { endpoint: 'other' },
    { lossSeconds: 901 },
  ])('falls when %j', (change) => {
    expect(outgrown(bound, { ...bound, ...change })).toEqual(expect.any(String))
  })
  test('of a restore is none of a merge, and that of a merge holds for what was compared', () => {
    const merge: PointBound = { stage: 'merge', comparison: 'd', batch: 'b 1' }
    expect(outgrown(merge, merge)).toBeNull()
    for (const [approved, now] of [
      [bound, merge],
      [merge, bound],
      [merge, { ...merge, comparison: 'other' }],
      [merge, { ...merge, batch: 'b 2' }],
    ] as const)
      expect(outgrown(approved, now)).toEqual(expect.any(String))
  })
})

test('the page shows every command of a recovery before any run, also where nothing is configured', () => {
  for (const place of [environment, everything]) {
    const { facts } = imaginedRecovery(null, place)
    expect(readFacts(pointFacts, JSON.parse(JSON.stringify(facts))).unreadable).toEqual([])
  }
})

test('once the copy is open, it is what the application is on', () => {
  expect(pointInTime.successor?.({ copyId: 'c' })).toBeNull()
  expect(pointInTime.successor?.({ copyId: 'c', openedAt: 1 })).toBe('c')
})
