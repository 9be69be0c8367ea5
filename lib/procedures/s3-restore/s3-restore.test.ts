// What a restore from a backup consists of, what it sends, and what it refuses, without a database.
import { describe, expect, test } from 'vitest'
import { chooseBackup, olderThan } from '../../domain/backups/choose'
import type { BackupCatalogue, BackupRow } from '../../domain/backups/types'
import type { Snapshot } from '../../domain/cluster/types'
import { digestOf } from '../../domain/procedure/canonical'
import { renderCall } from '../../domain/procedure/render'
import type { LoadState } from '../../domain/restore/loaded'
import { loadedMark, loadStateOf, partialName } from '../../domain/restore/loaded'
import type { Restorable } from '../../domain/restore/restorable'
import { recoveryPointFinding } from '../../domain/restore/validation'
import { PortError } from '../../ports/port-error'
import type { World } from '../contract'
import { readFacts } from '../facts'
import { everything } from '../testing/surroundings'
import { outgrown, type RestoreBound } from './approval'
import { type Ctx, hardenCall, loadCall, loadedCopy, provisionCall } from './copy'
import { restoreFacts } from './facts'
import { fields } from './form'
import { imaginedRestore } from './imagined'
import { s3Restore } from './index'
import { refuses, restoreInputs } from './inputs'
import { load, provision } from './load'
import { otherBackups } from './other-backups'

const environment = { ...everything, aws: { ...everything.aws, recoverySecurityGroupId: 'sg-rec' } }
const takenAt = Date.parse('2026-11-29T03:00:00Z')
const now = Date.parse('2026-11-29T03:10:00Z')
const copyId = 'castmatch-prod-cluster-20261129t0310z-0a1b2c'
const sha256 = 'ab'.repeat(32)
const inputs = (more: object = {}) => restoreInputs.parse(more)
const source: Restorable = {
  kind: 'cluster',
  id: 'castmatch-prod-cluster',
  arn: 'arn',
  status: 'available',
  endpoint: { host: 'source', port: 5432 },
  readerEndpoint: null,
  masterUsername: 'castmatch_admin',
  window: { earliestAt: null, latestAt: null },
  attributes: {
    engine: 'postgres',
    engineVersion: '15.4',
    port: 5432,
    subnetGroup: 'db-subnets',
    parameterGroup: 'cluster-pg15',
    securityGroupIds: ['sg-app'],
    encrypted: true,
    kmsKeyId: 'key/1',
    storageType: 'gp3',
    iops: 12_000,
    storageGiB: 500,
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
      address: null,
      zone: 'us-west-2a',
      instanceClass: 'db.r6g.2xlarge',
      parameterGroup: 'prod-pg15',
      promotionTier: 0,
      publiclyAccessible: false,
      multiAz: false,
      tags: {},
    },
  ],
  tags: { service: 'castmatch', 'aws:stack': 's', 'dr-run': 'an earlier run' },
}
const backup = {
  place: 'own' as const,
  bucket: 'backups',
  region: 'us-west-2',
  key: 'daily/a.sql.gz.gpg',
  versionId: 'v1',
  etag: '"e"',
  size: 38_000_000_000,
  sha256,
  takenAt,
  takenBy: 'job' as const,
  storageClass: 'STANDARD',
}
const ctx = (facts: object = {}, more: object = {}): Ctx => ({
  runId: 'run-1',
  mode: 'real',
  startedAt: now,
  inputs: inputs(more),
  facts: {
    nameSuffix: '20261129t0310z-0a1b2c',
    source,
    masterUsername: 'castmatch_admin',
    backup,
    roles: null,
    copyId,
    endpoint: { host: 'copy', port: 5432 },
    ...facts,
  },
})

describe('a run', () => {
  const ids = (more: object) => s3Restore.steps(environment, inputs(more)).map(({ id }) => id)
  const toCopy = [
    'baseline',
    'approve',
    'provision-copy',
    'load-backup',
    'rest-copy',
    'protect-copy',
    'compare-copy',
    'validate-copy',
    'analyze-copy',
  ]
  const maintenance = { maintenanceBy: 'Morgan Lee', maintenanceAt: '2026-11-29T03:05:00Z' }

  test('that inspects ends with a validated copy and never touches the source', () => {
    expect(ids({})).toEqual(['select-backup', 'verify-object', ...toCopy, 'keep-copy'])
  })
  test('that cuts over asks again before the point of no return, and covers every pooler and deployment', () => {
    expect(ids({ goal: 'cutover', ...maintenance })).toEqual([
      'select-backup',
      'verify-object',
      'scale-down-api',
      'freeze-source',
      ...toCopy,
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
  })
  test('creates and loads by steps that can be put back, and deletes only with two persons', () => {
    const steps = s3Restore.steps(environment, inputs({ goal: 'cutover', ...maintenance }))
    expect(steps.filter(({ effect }) => effect === 'DANGEROUS').map(({ id }) => id)).toEqual([
      'fence',
      'open-copy',
      'left-sessions',
    ])
    expect(steps.find(({ id }) => id === 'provision-copy')?.undo?.effect).toBe('DANGEROUS')
  })
})

describe('the instance', () => {
  test('is created with every setting told, closed, without a standby, without backups and without a password', () => {
    expect(provisionCall(ctx(), environment).input).toEqual({
      DBInstanceIdentifier: copyId,
      DBInstanceClass: 'db.r6g.2xlarge',
      Engine: 'postgres',
      EngineVersion: '15.4',
      MasterUsername: 'castmatch_admin',
      ManageMasterUserPassword: true,
      DBSubnetGroupName: 'db-subnets',
      VpcSecurityGroupIds: ['sg-rec'],
      DBParameterGroupName: 'prod-pg15',
      Port: 5432,
      AllocatedStorage: 500,
      StorageType: 'gp3',
      Iops: 12_000,
      StorageEncrypted: true,
      KmsKeyId: 'key/1',
      MultiAZ: false,
      BackupRetentionPeriod: 0,
      PubliclyAccessible: false,
      DeletionProtection: false,
      CopyTagsToSnapshot: true,
      EnableIAMDatabaseAuthentication: true,
      EnableCloudwatchLogsExports: ['postgresql'],
      Tags: [
        { Key: 'service', Value: 'castmatch' },
        { Key: 'dr-run', Value: 'run-1' },
      ],
    })
  })
  test('has room for the loaded dump, and no IOPS where its storage takes none', () => {
    const small = { ...source.attributes, storageGiB: 20, iops: 3_000 }
    const { input } = provisionCall(ctx({ source: { ...source, attributes: small } }), environment)
    expect(input).toMatchObject({ AllocatedStorage: 89 })
    expect(input).not.toHaveProperty('Iops')
  })
  test('gets backups and a standby at once after the load, and its own settings are what is compared', () => {
    expect(hardenCall(ctx({}, { retentionDays: 9 }), environment).input).toEqual({
      DBInstanceIdentifier: copyId,
      MultiAZ: true,
      BackupRetentionPeriod: 9,
      ApplyImmediately: true,
    })
    const { source: expected, quarantine } = loadedCopy.expected(ctx(), environment, false)
    expect({ quarantine, group: expected.parameterGroup }).toEqual({ quarantine: ['sg-rec'], group: 'prod-pg15' })
    expect(loadedCopy.expected(ctx(), environment, true).quarantine).toBeNull()
  })
})

describe('the load', () => {
  test('names one version of one object, its sum and its target, and carries no secret', () => {
    const call = loadCall(ctx(), environment)
    expect(call.backup).toMatchObject({ key: backup.key, versionId: 'v1', sha256 })
    expect(call.needs).toEqual({ roles: ['app', 'u', 'r'], own: ['u', 'r'], extensions: [] })
    const text = renderCall(call)
    expect(text).toContain('--version-id v1')
    expect(text).toContain('gpg --decrypt')
    expect(text).toContain('ON_ERROR_STOP=1')
    expect(text).not.toContain('/tmp')
    // Nothing of it is at work before it has its name.
    expect(text).toMatch(/UPDATE cron\.job SET active = false WHERE active[\s\S]*RENAME TO/)
    // Another version, sum or target is another call.
    for (const other of [{ versionId: 'v2' }, { sha256: 'cd'.repeat(32) }, { key: 'daily/b.sql.gz.gpg' }])
      expect(digestOf(loadCall(ctx({ backup: { ...backup, ...other } }), environment))).not.toBe(digestOf(call))
  })

  const of = { database: 'castmatch_production', run: 'run-1', backup: { sha256, etag: '"e"' } }
  const partial = partialName(of.database, '0a1b2c3d')
  test.each<[string, { name: string; comment: string | null }[], LoadState]>([
    ['nothing', [{ name: 'postgres', comment: null }], { kind: 'none' }],
    ['a database that an attempt has left', [{ name: partial, comment: null }], { kind: 'partial', names: [partial] }],
    [
      'the database with the mark of this run and these bytes',
      [{ name: of.database, comment: loadedMark('run-1', of.backup) }],
      { kind: 'loaded' },
    ],
    [
      'a database without that mark',
      [{ name: of.database, comment: 'somebody' }],
      { kind: 'other', comment: 'somebody' },
    ],
    [
      'the mark of other bytes',
      [{ name: of.database, comment: loadedMark('run-1', { sha256: 'ff', etag: '' }) }],
      { kind: 'other', comment: 'dr-run=run-1 sha256=ff' },
    ],
  ])('is told by what the server has: %s', (_what, found, state) => {
    expect(loadStateOf(found, of)).toEqual(state)
  })
  test('never has the true name before it is whole, however long the name is', () => {
    const long = 'd'.repeat(63)
    expect(partialName(long, '0a1b2c3d')).toHaveLength(63)
    expect(partialName(long, '0a1b2c3d')).not.toBe(long)
    expect(loadStateOf([{ name: partialName(long, 'ffffffff'), comment: null }], { ...of, database: long }).kind).toBe(
      'partial',
    )
  })
  test('that is partly there is named and begun anew; a foreign database is a conflict', async () => {
    const observe = (state: LoadState) =>
      load(environment).observe?.({ environment, loads: { state: async () => state } } as unknown as World, ctx())
    expect(await observe({ kind: 'partial', names: [partial] })).toMatchObject({
      state: 'not-started',
      says: expect.stringContaining('partly loaded and not trusted'),
    })
    expect(await observe({ kind: 'other', comment: null })).toMatchObject({ state: 'conflict' })
    expect(await observe({ kind: 'loaded' })).toMatchObject({ state: 'done' })
  })
})

const missing = new PortError('missing', 'There is none.', { outcome: 'rejected', probe: 'api' })

describe('right before acting', () => {
  test('an object that was deleted half way is refused, and older ones are offered with what they lose', async () => {
    const world = {
      environment,
      fleet: { restorable: async (id: string) => ({ ...source, id, tags: { 'dr-run': 'run-1' } }) },
      backups: {
        head: async () => {
          throw missing
        },
      },
    } as unknown as World
    const facts = { others: [{ key: 'daily/older.sql.gz.gpg', takenAt, lossMs: 3_600_000 }] }
    expect(await load(environment).guard?.(world, ctx(facts))).toContain('was deleted or replaced')
    const [offered] = otherBackups(ctx(facts).facts, 'same-copy')
    expect(offered).toMatchObject({ kind: 'anew', subject: 'daily/older.sql.gz.gpg' })
    expect(offered?.consequence).toContain('loses 60 min')
    expect(offered?.again).toContain('approve')
  })
  test('nothing is created without a group of its own, and an instance of somebody else is a conflict', async () => {
    const step = provision(environment)
    expect(await step.guard?.({ environment: everything } as unknown as World, ctx())).toContain('No recovery security')
    const theirs = {
      environment,
      fleet: { restorable: async (id: string) => ({ ...source, id, tags: { 'dr-run': 'another' } }) },
    } as unknown as World
    expect(await step.observe?.(theirs, ctx())).toMatchObject({
      state: 'conflict',
      says: expect.stringContaining('Nothing of it was touched'),
    })
    expect(await step.undo?.guard?.(theirs, ctx())).toContain('not this run')
  })
})

describe('the backup', () => {
  const row = (key: string, verdict: BackupRow['verdict'], minutesAgo: number): BackupRow =>
    ({
      key,
      verdict,
      takenAt: now - minutesAgo * 60_000,
      reasons: verdict === 'rejected' ? [{ kind: 'checksum-differs', says: 'SHA-256 differs.' }] : [],
    }) as unknown as BackupRow
  const rows = [row('c', 'rejected', 1), row('b', 'recommended', 5), row('a', 'usable', 60)]
  const catalogue = { rows, recommended: 'b' } as unknown as BackupCatalogue

  test('is the recommended one, or the usable one that was chosen; a rejected one says why', () => {
    expect(chooseBackup(catalogue, null)).toEqual({ row: rows[1] })
    expect(chooseBackup(catalogue, 'a')).toEqual({ row: rows[2] })
    expect(chooseBackup(catalogue, 'c')).toEqual({ refused: 'c cannot be used. SHA-256 differs.' })
    expect(chooseBackup(catalogue, 'gone')).toMatchObject({ refused: expect.stringContaining('not in the buckets') })
    expect(chooseBackup({ rows: [], recommended: null } as unknown as BackupCatalogue, null)).toMatchObject({
      refused: 'The buckets contain no backup.',
    })
  })
  test('may be replaced by an older usable one only', () => {
    expect(olderThan(catalogue, rows[1] as BackupRow).map(({ key }) => key)).toEqual(['a'])
  })
  test.each([
    [takenAt - 1_000, 'job', 'passed'],
    [takenAt - 3_600_000, 'job', 'open'],
    [takenAt + 120_000, 'job', 'failed'],
    [takenAt - 3_600_000, 'upload', 'passed'],
    [takenAt + 120_000, 'upload', 'failed'],
  ] as const)('whose heartbeat is of %d, against the word of the %s, is %s', (at, by, result) => {
    expect(recoveryPointFinding({ at, seq: 1 }, { takenAt, by }).result).toBe(result)
  })
  test('without a heartbeat does not prove its moment', () => {
    expect(recoveryPointFinding(null, { takenAt, by: 'job' }).result).toBe('open')
  })
})

describe('what was entered', () => {
  const recent = [
    { key: 'new', takenAt: now - 60_000, size: 1, reason: 'SHA-256 differs from the metadata.' },
    { key: 'good', takenAt: now - 20 * 60_000, size: 1, reason: null },
  ]
  const seen = (more: object = {}, findings: { firstBadAt: number }[] = []) => ({
    now,
    snapshot: {
      takenAt: now,
      nodes: [],
      s3Backups: {
        value: { recent, recommended: { key: 'good' }, rpo: { targetSeconds: 900, maximumSeconds: 3_600 }, ...more },
      },
      diagnosis: { damage: findings.length > 0 ? { findings } : null },
    } as unknown as Snapshot,
  })
  test('a loss above the target is refused at its field until somebody accepts it by name', () => {
    expect(refuses(inputs(), seen())).toEqual({
      lossAcceptedBy: expect.stringMatching(/^This restore loses 20 min .* target is 15 min .* maximum 60 min/),
    })
    expect(refuses(inputs({ lossAcceptedBy: 'Morgan Lee' }), seen())).toBeNull()
    expect(refuses(inputs(), seen({ rpo: { targetSeconds: 3_600, maximumSeconds: 3_600 } }))).toBeNull()
  })
  test('a backup that cannot be used, or is of after the damage, is refused at its field', () => {
    expect(refuses(inputs({ backup: 'new' }), seen())).toEqual({ backup: expect.stringContaining('SHA-256 differs') })
    expect(refuses(inputs({ backup: 'good' }), seen({}, [{ firstBadAt: now - 30 * 60_000 }]))).toEqual({
      backup: 'This backup was taken after the damage was first seen.',
    })
    const none = { recent: recent.slice(0, 1), recommended: null }
    expect(refuses(inputs(), seen(none))).toEqual({ backup: expect.stringContaining('No backup in S3 can be used') })
  })
  test('what only a picture tells is left to the runner where there is none', () => {
    expect(refuses(inputs({ backup: 'new' }), { snapshot: null, now })).toBeNull()
  })
  test.each([
    ['a cutover without a maintenance window', { goal: 'cutover' }],
    ['a local time', { firstBadAt: '2026-11-29T03:12:00' }],
    ['a table that is none', { damagedTables: 'users; DROP TABLE users' }],
    ['a name that RDS refuses', { nameBase: 'Castmatch--Prod' }],
    ['no retention', { retentionDays: 0 }],
  ])('%s is not taken', (_what, more) => {
    expect(restoreInputs.safeParse(more).success).toBe(false)
  })
  test('the form shows rejected backups with their reasons, and they cannot be chosen', () => {
    const field = fields(seen().snapshot, environment).find(({ name }) => name === 'backup')
    expect(field?.choices?.map(({ value, refused }) => [value, refused ?? false])).toEqual([
      ['', false],
      ['new', true],
      ['good', false],
    ])
    expect(field?.choices?.[1]?.note).toContain('SHA-256 differs')
    expect(field?.choices?.[2]?.note).toContain('Loses 20 min')
  })
})

describe('an approval', () => {
  const bound: RestoreBound = {
    stage: 'cutover',
    goal: 'cutover',
    source: 's',
    bucket: 'b',
    key: 'k',
    versionId: 'v',
    etag: 'e',
    sha256,
    copy: 'c',
    database: 'd',
    lossSeconds: 600,
    validatedAt: 1,
    endpoint: 'h',
  }
  test('holds while nothing of it has changed, and while the loss grows a little', () => {
    expect(outgrown(bound, bound)).toBeNull()
    expect(outgrown(bound, { ...bound, lossSeconds: 900 })).toBeNull()
  })
  test.each<Partial<RestoreBound>>([
    { stage: 'restore' },
    { goal: 'inspect' },
    { source: 'other' },
    { bucket: 'other' },
    { key: 'other' },
    { versionId: 'other' },
    { etag: 'other' },
    { sha256: null },
    { copy: 'other' },
    { database: 'other' },
    { validatedAt: 2 },
    { endpoint: 'other' },
    { lossSeconds: 901 },
  ])('falls when %j', (change) => {
    expect(outgrown(bound, { ...bound, ...change })).toEqual(expect.any(String))
  })
})

test('the page shows every command of a restore before any run, also where nothing is configured', () => {
  for (const place of [environment, everything]) {
    const { facts } = imaginedRestore(null, place)
    expect(readFacts(restoreFacts, JSON.parse(JSON.stringify(facts))).unreadable).toEqual([])
  }
})
