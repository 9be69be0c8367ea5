/**
 * Point-in-time recovery asked for by the AWS CLI, proved by SQL: what was committed before the moment is there, and nothing
 * that was committed after it.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Address } from '../contract'
import { withClient } from '../postgres/sql'
import { startTestLab, type TestLab } from '../testing'
import { type Cli, cliOf } from './cli-testing'
import { registerAws } from './index'
import { quarantineGroup, recoveryGroup } from './names'

// The client takes seconds to start on a busy machine, and a test asks it many times.
vi.setConfig({ testTimeout: 300_000 })

let lab: TestLab
let cli: Cli

beforeAll(async () => {
  lab = await startTestLab({ basePort: 24_100, register: registerAws })
  cli = cliOf({ url: lab.url, secrets: lab.lab.secrets })
})
afterAll(async () => {
  await lab?.end()
  cli?.end()
})

const json: Cli['json'] = (...args) => cli.json(...args)
const refused = async (code: string, ...args: string[]) => {
  const answer = await cli.run(args)
  expect(answer.stderr, args.join(' ')).toContain(`(${code})`)
  expect(answer.code).toBeGreaterThan(0)
}
const guarded = () => lab.lab.context.cluster
const source = () => ['--source-db-cluster-identifier', guarded().id]

type User = 'castmatch_admin' | 'castmatch_app' | 'warroom'
const passwordOf = (user: User) => {
  const { adminPassword, applicationPassword, warroomPassword } = lab.lab.secrets
  return { castmatch_admin: adminPassword, castmatch_app: applicationPassword, warroom: warroomPassword }[user]
}
const sql = <T extends object>(address: Address, text: string, user: User = 'castmatch_admin', timeoutMs = 10_000) =>
  withClient(
    address,
    { user, password: passwordOf(user), database: guarded().databaseName },
    async (client) => (await client.query<T>(text)).rows,
    timeoutMs,
  )
const numbers = async (address: Address) =>
  (await sql<{ n: string }>(address, "SELECT n FROM commits WHERE worker = 'pitr' ORDER BY n")).map(({ n }) =>
    Number(n),
  )

async function commit(n: number): Promise<number> {
  await sql(guarded().writerEndpoint, `INSERT INTO commits (worker, n) VALUES ('pitr', ${n})`)
  const [row] = await sql<{ at: string }>(
    guarded().writerEndpoint,
    `SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000 AS at FROM commits WHERE worker = 'pitr' AND n = ${n}`,
  )
  return Number(row?.at)
}
const described = async (id: string) =>
  (await json('rds', 'describe-db-clusters', '--db-cluster-identifier', id)).DBClusters[0]
const instance = async (id: string) =>
  (await json('rds', 'describe-db-instances', '--db-instance-identifier', id)).DBInstances[0]
// Polled in the lab itself: each start of the client takes a second or more.
const estate = () => lab.lab.context.estate
const clusterStatus = (id: string) =>
  estate()
    .clusters()
    .find((one) => one.id === id)?.status ?? 'gone'
const instanceStatus = (id: string) =>
  estate()
    .instances()
    .find((one) => one.id === id)?.status ?? 'gone'
const settled = (id: string, status: string) =>
  expect.poll(() => clusterStatus(id), { timeout: 90_000, interval: 100 }).toBe(status)
const instanceSettled = (id: string) =>
  expect.poll(() => instanceStatus(id), { timeout: 90_000, interval: 100 }).toBe('available')
const archivedBeyond = (at: number) =>
  expect.poll(() => guarded().restorable().latest ?? 0, { timeout: 40_000, interval: 200 }).toBeGreaterThan(at)

const copy = 'castmatch-restored'
let between = 0

test('a restore outside the window, of a taken name or into unknown groups is refused before anything starts', async () => {
  await commit(1)
  await commit(2)
  // A moment that lies strictly between two commits.
  between = (await commit(3)) + 1
  await new Promise((done) => setTimeout(done, 5))
  await commit(4)
  await sql(guarded().writerEndpoint, 'DROP TABLE audit_logs')
  await commit(5)
  await archivedBeyond(between)

  const restore = ['rds', 'restore-db-cluster-to-point-in-time', ...source()]
  const named = [...restore, '--db-cluster-identifier', copy]
  await refused('InvalidRestoreFault', ...named, '--restore-to-time', '2020-01-01T00:00:00Z')
  await refused('InvalidRestoreFault', ...named, '--restore-to-time', '2099-01-01T00:00:00Z')
  await refused('InvalidParameterCombination', ...named)
  await refused(
    'DBSubnetGroupNotFoundFault',
    ...named,
    '--use-latest-restorable-time',
    '--db-subnet-group-name',
    'none',
  )
  await refused(
    'KMSKeyNotAccessibleFault',
    ...named,
    '--use-latest-restorable-time',
    '--kms-key-id',
    'arn:aws:kms:us-east-1:123456789012:key/1',
  )
  await refused(
    'DBClusterAlreadyExistsFault',
    ...restore,
    '--db-cluster-identifier',
    guarded().id,
    '--use-latest-restorable-time',
  )
  const { DBClusters } = await json('rds', 'describe-db-clusters')
  expect(DBClusters).toHaveLength(1)
})

test('a cluster restored to a moment holds what was committed before it and nothing since', async () => {
  const sourceNow = await described(guarded().id)
  expect(Date.parse(sourceNow.EarliestRestorableTime)).toBeLessThan(between)
  expect(Date.parse(sourceNow.LatestRestorableTime)).toBeGreaterThan(between)
  const at = new Date(between).toISOString()
  const asked = ['--db-cluster-identifier', copy, '--restore-to-time', at, '--tags', 'Key=dr-run,Value=run-1']
  const { DBCluster } = await json('rds', 'restore-db-cluster-to-point-in-time', ...source(), ...asked)
  // The defaults, not the groups of the source; the tags are copied.
  expect(DBCluster).toMatchObject({
    Status: 'creating',
    DBSubnetGroup: 'default',
    DBClusterParameterGroup: 'default.postgres15',
    DeletionProtection: false,
    DBClusterMembers: [],
    TagList: expect.arrayContaining([
      { Key: 'dr-run', Value: 'run-1' },
      { Key: 'dr-lab', Value: 'hybrid' },
    ]),
  })
  expect(DBCluster.VpcSecurityGroups[0].VpcSecurityGroupId).not.toBe(sourceNow.VpcSecurityGroups[0].VpcSecurityGroupId)
  expect(DBCluster.EarliestRestorableTime).toBeUndefined()
  const member = (n: number) => [
    'rds',
    'create-db-instance',
    '--db-instance-identifier',
    `${copy}-${n}`,
    '--db-cluster-identifier',
    copy,
    '--db-instance-class',
    'db.r6g.2xlarge',
    '--engine',
    'postgres',
    '--tags',
    'Key=dr-run,Value=run-1',
  ]
  await settled(copy, 'available')

  await refused('InvalidParameterCombination', ...member(1), '--allocated-storage', '100')
  await Promise.all([json(...member(1)), json(...member(2))])
  await refused('DBInstanceAlreadyExists', ...member(1))
  await Promise.all([instanceSettled(`${copy}-1`), instanceSettled(`${copy}-2`)])
  const { Endpoint, ReaderEndpoint, Port, DBClusterMembers } = await described(copy)
  expect(DBClusterMembers.filter((one: { IsClusterWriter: boolean }) => one.IsClusterWriter)).toHaveLength(1)

  const writer = { host: Endpoint, port: Port }
  expect(await numbers(writer)).toEqual([1, 2, 3])
  expect(await sql(writer, 'SELECT count(*)::int AS n FROM audit_logs')).toEqual([{ n: 3000 }])
  expect(await sql(writer, 'SELECT pg_is_in_recovery() AS standby')).toEqual([{ standby: false }])
  expect(await sql({ host: ReaderEndpoint, port: Port }, 'SELECT pg_is_in_recovery() AS standby')).toEqual([
    { standby: true },
  ])
  // The source goes on unchanged.
  expect(await numbers(guarded().writerEndpoint)).toEqual([1, 2, 3, 4, 5])
  // What the copy commits reaches its own reader, and its own archive.
  await sql(writer, "INSERT INTO commits (worker, n) VALUES ('pitr', 100)")
  await expect.poll(() => numbers({ host: ReaderEndpoint, port: Port }), { timeout: 10_000 }).toEqual([1, 2, 3, 100])
  const window = () => estate().restorable(copy)
  await expect.poll(() => window().latest, { timeout: 60_000, interval: 200 }).not.toBeNull()
  expect(Date.parse((await described(copy)).LatestRestorableTime)).toBe(window().latest)
  const { Events } = await json('rds', 'describe-events', '--source-type', 'db-cluster', '--source-identifier', copy)
  expect(Events.map((event: { Message: string }) => event.Message)).toEqual(['DB cluster created'])
}, 150_000)

test('the groups of a copy decide who reaches it', async () => {
  const { Endpoint, Port } = await described(copy)
  const writer = { host: Endpoint, port: Port }
  const into = async (group: string) =>
    json(
      'rds',
      'modify-db-cluster',
      '--db-cluster-identifier',
      copy,
      '--vpc-security-group-ids',
      group,
      '--apply-immediately',
    )
  const reaches = (user: User) =>
    sql(writer, 'SELECT 1 AS one', user, 700).then(
      () => true,
      () => false,
    )
  expect(await reaches('castmatch_app')).toBe(false)
  await into(recoveryGroup)
  expect([await reaches('castmatch_app'), await reaches('warroom')]).toEqual([false, true])
  await into(quarantineGroup)
  expect([await reaches('castmatch_app'), await reaches('warroom')]).toEqual([false, false])
  await into('sg-0a51c0de0castdb01')
  expect(await reaches('castmatch_app')).toBe(true)
})

test('only what a run has made is deleted, with or without a last snapshot', async () => {
  const cluster = ['--db-cluster-identifier']
  await refused('AccessDenied', 'rds', 'delete-db-cluster', ...cluster, guarded().id, '--skip-final-snapshot')
  await json('rds', 'modify-db-cluster', ...cluster, copy, '--deletion-protection', '--apply-immediately')
  await refused('InvalidParameterCombination', 'rds', 'delete-db-cluster', ...cluster, copy, '--skip-final-snapshot')
  await json('rds', 'modify-db-cluster', ...cluster, copy, '--no-deletion-protection', '--apply-immediately')
  await refused('InvalidDBClusterStateFault', 'rds', 'delete-db-cluster', ...cluster, copy, '--skip-final-snapshot')
  const { DBClusterSnapshot } = await json(
    'rds',
    'create-db-cluster-snapshot',
    ...cluster,
    copy,
    '--db-cluster-snapshot-identifier',
    'before-deletion',
  )
  expect(DBClusterSnapshot).toMatchObject({ Status: 'creating', SnapshotType: 'manual', DBClusterIdentifier: copy })
  const snapshots = async () =>
    (await json('rds', 'describe-db-cluster-snapshots', ...cluster, copy, '--snapshot-type', 'manual'))
      .DBClusterSnapshots
  await expect.poll(async () => (await snapshots())[0]?.Status, { timeout: 40_000, interval: 300 }).toBe('available')

  for (const n of [1, 2]) await json('rds', 'delete-db-instance', '--db-instance-identifier', `${copy}-${n}`)
  await refused('InvalidParameterCombination', 'rds', 'delete-db-cluster', ...cluster, copy)
  const { DBCluster } = await json('rds', 'delete-db-cluster', ...cluster, copy, '--skip-final-snapshot')
  expect(DBCluster.Status).toBe('deleting')
  await settled(copy, 'gone')
  const { DBInstances } = await json('rds', 'describe-db-instances')
  expect(DBInstances).toHaveLength(3)
  expect(await snapshots()).toHaveLength(1)
  await json('rds', 'delete-db-cluster-snapshot', '--db-cluster-snapshot-identifier', 'before-deletion')
  expect(await snapshots()).toEqual([])
})

test('an instance that stands alone is created with a password that RDS keeps, and is empty', async () => {
  const create = [
    'rds',
    'create-db-instance',
    '--db-instance-identifier',
    'from-backup',
    '--db-instance-class',
    'db.r6g.2xlarge',
    '--engine',
    'postgres',
  ]
  const alone = [
    ...create,
    '--allocated-storage',
    '500',
    '--tags',
    'Key=dr-run,Value=run-2',
    '--db-name',
    'castmatch_production',
  ]
  await refused('InvalidParameterValue', ...alone, '--master-username', 'admin', '--manage-master-user-password')
  await refused('InvalidParameterCombination', ...alone, '--master-username', 'castmatch_admin')
  await refused(
    'InvalidParameterCombination',
    ...alone,
    '--master-username',
    'castmatch_admin',
    '--manage-master-user-password',
    '--engine-version',
    '15.4',
  )
  const { DBInstance } = await json(
    ...alone,
    '--master-username',
    'castmatch_admin',
    '--manage-master-user-password',
    '--backup-retention-period',
    '0',
    '--vpc-security-group-ids',
    recoveryGroup,
  )
  expect(DBInstance).toMatchObject({ DBInstanceStatus: 'creating', MasterUserSecret: { SecretStatus: 'active' } })
  expect(DBInstance.Endpoint).toBeUndefined()
  await instanceSettled('from-backup')
  const secret = await json('secretsmanager', 'get-secret-value', '--secret-id', DBInstance.MasterUserSecret.SecretArn)
  const { username, password } = JSON.parse(secret.SecretString)
  const { Endpoint } = await instance('from-backup')
  const login = { user: username, password, database: 'castmatch_production' }
  const tables = await withClient({ host: Endpoint.Address, port: Endpoint.Port }, login, async (client) => {
    await client.query('CREATE ROLE somebody LOGIN')
    return (
      await client.query("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    ).rows
  })
  expect(tables).toEqual([])
  await json('rds', 'delete-db-instance', '--db-instance-identifier', 'from-backup', '--skip-final-snapshot')
  await expect.poll(() => instanceStatus('from-backup'), { timeout: 60_000, interval: 100 }).toBe('gone')
  await refused('DBInstanceNotFound', 'rds', 'describe-db-instances', '--db-instance-identifier', 'from-backup')
})

test('a restore for which the archive has a gap ends as incompatible, and can be deleted', async () => {
  await vi.waitFor(() => lab.lab.startFault('archive-gap', null, {}), { timeout: 90_000, interval: 500 })
  const request = {
    id: 'castmatch-gap',
    sourceId: guarded().id,
    at: null,
    attributes: { DeletionProtection: false, Tags: { 'dr-run': 'run-3' } },
  }
  estate().restoreCluster(request)
  expect(() => estate().restoreCluster(request)).toThrow(
    expect.objectContaining({ code: 'DBClusterAlreadyExistsFault' }),
  )
  const member = { id: 'castmatch-gap-1', clusterId: 'castmatch-gap', zone: 'us-west-2a', attributes: {} }
  expect(() => estate().createMember(member)).toThrow(expect.objectContaining({ code: 'InvalidDBClusterStateFault' }))
  await settled('castmatch-gap', 'incompatible-restore')
  expect(() => estate().createMember(member)).toThrow(expect.objectContaining({ code: 'InvalidDBClusterStateFault' }))
  await json('rds', 'delete-db-cluster', '--db-cluster-identifier', 'castmatch-gap', '--skip-final-snapshot')
  await settled('castmatch-gap', 'gone')
})
