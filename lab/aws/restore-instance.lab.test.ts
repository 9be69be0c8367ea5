/** Point-in-time recovery of an instance that stands alone, through the SDK, proved by SQL. */
import {
  CreateDBSnapshotCommand,
  DeleteDBInstanceCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  ModifyDBInstanceCommand,
  RDSClient,
  RestoreDBInstanceToPointInTimeCommand,
} from '@aws-sdk/client-rds'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Address } from '../contract'
import { withClient } from '../postgres/sql'
import { startTestLab, type TestLab } from '../testing'
import { registerAws } from './index'

let lab: TestLab
let rds: RDSClient

beforeAll(async () => {
  lab = await startTestLab({ basePort: 27_100, speedup: 100, shape: 'instance', register: registerAws })
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey } = lab.lab.secrets
  const credentials = { accessKeyId, secretAccessKey }
  rds = new RDSClient({ endpoint: lab.url, credentials, maxAttempts: 1, region: 'us-west-2' })
})
afterAll(async () => {
  rds?.destroy()
  await lab?.end()
})

const source = 'castmatch-prod-primary'
const copy = 'castmatch-prod-restored'
const cluster = () => lab.lab.context.cluster
const sql = <T extends object>(address: Address, text: string) => {
  const { masterUsername: user, databaseName: database } = cluster()
  const login = { user, password: lab.lab.secrets.adminPassword, database }
  return withClient(address, login, async (client) => (await client.query<T>(text)).rows)
}
const commit = async (n: number) => {
  await sql(cluster().writerEndpoint, `INSERT INTO commits (worker, n) VALUES ('alone', ${n})`)
  const [row] = await sql<{ at: string }>(
    cluster().writerEndpoint,
    `SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000 AS at FROM commits WHERE worker = 'alone' AND n = ${n}`,
  )
  return Number(row?.at)
}
const described = async (id: string) => {
  const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }))
  const [found] = DBInstances ?? []
  if (!found) throw new Error(`${id} is not described`)
  return found
}
const becomes = (id: string, status: string) =>
  expect.poll(async () => (await described(id)).DBInstanceStatus, { timeout: 40_000, interval: 100 }).toBe(status)

test('an instance restored to a moment holds what was committed before it and nothing since, and is deleted again', async () => {
  await commit(1)
  const between = (await commit(2)) + 2
  await new Promise((done) => setTimeout(done, 10))
  await commit(3)
  await expect
    .poll(async () => (await described(source)).LatestRestorableTime?.getTime() ?? 0, {
      timeout: 40_000,
      interval: 200,
    })
    .toBeGreaterThan(between)
  const { DBInstanceAutomatedBackups } = await rds.send(
    new DescribeDBInstanceAutomatedBackupsCommand({ DBInstanceIdentifier: source }),
  )
  const window = DBInstanceAutomatedBackups?.[0]?.RestoreWindow
  expect(window?.EarliestTime?.getTime()).toBeLessThan(between)
  expect(window?.LatestTime?.getTime()).toBeGreaterThan(between)

  const request = { SourceDBInstanceIdentifier: source, TargetDBInstanceIdentifier: copy }
  const restore = (input: {
    RestoreTime?: Date
    UseLatestRestorableTime?: boolean
    Tags?: { Key: string; Value: string }[]
  }) => rds.send(new RestoreDBInstanceToPointInTimeCommand({ ...request, ...input }))
  await expect(restore({ RestoreTime: new Date(Date.now() + 3_600_000) })).rejects.toMatchObject({
    name: 'InvalidRestoreFault',
  })
  const asked = { RestoreTime: new Date(between - 1), Tags: [{ Key: 'dr-run', Value: 'r' }] }
  const { DBInstance } = await restore(asked)
  expect(DBInstance).toMatchObject({ DBInstanceStatus: 'creating', DeletionProtection: false })
  await expect(restore(asked)).rejects.toMatchObject({ name: 'DBInstanceAlreadyExistsFault' })
  await becomes(copy, 'available')
  const { Endpoint, LatestRestorableTime, DBSubnetGroup, TagList } = await described(copy)
  expect({ latest: LatestRestorableTime, subnets: DBSubnetGroup?.DBSubnetGroupName }).toEqual({
    latest: undefined,
    subnets: 'default',
  })
  expect(TagList).toContainEqual({ Key: 'service', Value: 'castmatch' })
  const address = { host: Endpoint?.Address ?? '', port: Endpoint?.Port ?? 0 }
  const numbers = () => sql<{ n: string }>(address, "SELECT n FROM commits WHERE worker = 'alone' ORDER BY n")
  expect(await numbers()).toEqual([{ n: '1' }, { n: '2' }])

  const change = { DBInstanceIdentifier: copy, DeletionProtection: true, MultiAZ: true, ApplyImmediately: true }
  await rds.send(new ModifyDBInstanceCommand(change))
  await becomes(copy, 'available')
  expect(await described(copy)).toMatchObject({ DeletionProtection: true, MultiAZ: true, PendingModifiedValues: {} })
  const remove = (input: { SkipFinalSnapshot?: boolean; FinalDBSnapshotIdentifier?: string }, id = copy) =>
    rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: id, ...input }))
  await expect(remove({ SkipFinalSnapshot: true }, source)).rejects.toMatchObject({ name: 'AccessDenied' })
  await expect(remove({ SkipFinalSnapshot: true })).rejects.toMatchObject({ name: 'InvalidParameterCombination' })
  await rds.send(new ModifyDBInstanceCommand({ ...change, DeletionProtection: false }))
  await becomes(copy, 'available')
  await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: copy, DBSnapshotIdentifier: 'by-hand' }))
  await remove({ FinalDBSnapshotIdentifier: 'the-last' })
  await expect
    .poll(
      () =>
        described(copy).then(
          () => 'there',
          (error: Error) => error.name,
        ),
      { timeout: 40_000, interval: 100 },
    )
    .toBe('DBInstanceNotFoundFault')
  const { DBSnapshots } = await rds.send(new DescribeDBSnapshotsCommand({ DBInstanceIdentifier: copy }))
  expect(DBSnapshots?.map((one) => [one.DBSnapshotIdentifier, one.Status])).toEqual([
    ['by-hand', 'available'],
    ['the-last', 'available'],
  ])
  // A namesake is another instance.
  const namesake = (await restore(asked)).DBInstance
  expect(namesake?.DbiResourceId).toMatch(/^db-/)
  expect(namesake?.DbiResourceId).not.toBe(DBInstance?.DbiResourceId)
  await becomes(copy, 'available')
  expect((await described(copy)).InstanceCreateTime?.getTime()).toBeGreaterThan(between)
})
