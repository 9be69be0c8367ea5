/**
 * A replica in another region by the AWS CLI, proved by SQL: a promoted database gets one in the home region, which really streams over
 * the way between the regions, falls behind while that is cut, and becomes a database of its own.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withClient } from '../postgres/sql'
import { startTestLab, type TestLab } from '../testing'
import { type Cli, cliOf } from './cli-testing'
import { registerAws } from './index'

let lab: TestLab
let aws: Cli
beforeAll(async () => {
  lab = await startTestLab({ basePort: 31_900, speedup: 200, register: registerAws })
  aws = cliOf({ url: lab.url, secrets: lab.lab.secrets })
})
afterAll(async () => {
  aws?.end()
  await lab?.end()
})

const promoted = 'castmatch-xregion-replica'
const replica = 'castmatch-home-again'
const arn = `arn:aws:rds:us-east-1:123456789012:db:${promoted}`
const key = (region: string) => `arn:aws:kms:${region}:123456789012:key/5b1e6c1e-6c61-4c0e-9a52-0d6cb4f7a001`
const cluster = () => lab.lab.context.cluster
const addressOf = (id: string) => {
  const found = [...cluster().nodes(), ...lab.lab.context.estate.instances()].find((node) => node.id === id)
  if (!found) throw new Error(`no node ${id}`)
  return found.address
}
const sql = <T extends object>(id: string, text: string) => {
  const { masterUsername: user, databaseName: database } = cluster()
  const login = { user, password: lab.lab.secrets.adminPassword, database }
  return withClient(addressOf(id), login, async (client) => (await client.query<T>(text)).rows)
}
const held = async (id: string) =>
  Number((await sql<{ n: string }>(id, "SELECT count(*) AS n FROM commits WHERE worker = 'cli'"))[0]?.n)
const described = async (id: string, region: string) => {
  const args = ['rds', 'describe-db-instances', '--db-instance-identifier', id, '--region', region]
  return (await aws.json(...args)).DBInstances[0]
}
const becomes = (id: string, region: string, status: string) =>
  expect.poll(async () => (await described(id, region)).DBInstanceStatus, { timeout: 60_000 }).toBe(status)
const create = (...more: string[]) => [
  ...['rds', 'create-db-instance-read-replica', '--db-instance-identifier', replica, '--region', 'us-west-2'],
  ...more,
]
const refused = async (...more: string[]) => {
  const { code, stderr } = await aws.run(create(...more))
  expect(code).not.toBe(0)
  return /\((\w+)\)/.exec(stderr)?.[1]
}

test('is refused as the API refuses it', { timeout: 120_000 }, async () => {
  const home = ['--kms-key-id', key('us-west-2')]
  expect(await refused('--source-db-instance-identifier', promoted, ...home)).toBe('DBInstanceNotFound')
  // A replica keeps no backups until it is promoted.
  expect(await refused('--source-db-instance-identifier', arn, ...home)).toBe('InvalidDBInstanceState')
  await aws.json(...['rds', 'promote-read-replica', '--db-instance-identifier', promoted, '--region', 'us-east-1'])
  await becomes(promoted, 'us-east-1', 'available')
  expect(await refused('--source-db-instance-identifier', arn)).toBe('InvalidParameterCombination')
  const elsewhere = ['--kms-key-id', key('us-east-1')]
  expect(await refused('--source-db-instance-identifier', arn, ...elsewhere)).toBe('KMSKeyNotAccessibleFault')
  const member = 'arn:aws:rds:us-west-2:123456789012:db:castmatch-prod-primary'
  expect(await refused('--source-db-instance-identifier', member, ...home)).toBe('InvalidDBInstanceState')
})

test('streams from the other region, and is told of by both', { timeout: 120_000 }, async () => {
  await sql(promoted, "INSERT INTO commits (worker, n) VALUES ('cli', 1)")
  const given = ['--kms-key-id', key('us-west-2'), '--tags', 'Key=dr-run,Value=test']
  // The CLI signs a URL for the source's region besides.
  const { DBInstance } = await aws.json(
    ...create('--source-db-instance-identifier', arn, '--source-region', 'us-east-1', ...given),
  )
  expect(DBInstance).toMatchObject({ DBInstanceStatus: 'creating', ReadReplicaSourceDBInstanceIdentifier: arn })
  expect(await refused('--source-db-instance-identifier', arn, ...given)).toBe('DBInstanceAlreadyExists')
  await becomes(replica, 'us-west-2', 'available')
  expect(await described(replica, 'us-west-2')).toMatchObject({
    ...{ BackupRetentionPeriod: 0, DeletionProtection: false, KmsKeyId: key('us-west-2') },
    StatusInfos: [{ StatusType: 'read replication', Status: 'replicating', Normal: true }],
  })
  expect((await described(promoted, 'us-east-1')).ReadReplicaDBInstanceIdentifiers).toEqual([
    `arn:aws:rds:us-west-2:123456789012:db:${replica}`,
  ])
  const streams = () => sql<{ s: string }>(replica, 'SELECT status AS s FROM pg_stat_wal_receiver')
  await expect.poll(async () => (await streams())[0]?.s, { timeout: 20_000 }).toBe('streaming')
  await sql(promoted, "INSERT INTO commits (worker, n) VALUES ('cli', 2)")
  await expect.poll(() => held(replica), { timeout: 20_000 }).toBe(2)
})

test('falls behind while the regions are cut off from each other, and catches up', { timeout: 120_000 }, async () => {
  await lab.lab.startFault('region-partition', null, { seconds: 0 })
  await sql(promoted, "INSERT INTO commits (worker, n) VALUES ('cli', 3)")
  // The sender gives up on a way that is silent.
  const sends = () =>
    sql<{ n: string }>(promoted, "SELECT count(*) AS n FROM pg_stat_replication WHERE application_name LIKE '%home%'")
  await expect.poll(async () => (await sends())[0]?.n, { timeout: 40_000 }).toBe('0')
  expect(await held(replica)).toBe(2)
  await lab.lab.heal('region-partition')
  await expect.poll(() => held(replica), { timeout: 60_000 }).toBe(3)
})

test('becomes a database of its own, with everything that it had received', { timeout: 120_000 }, async () => {
  await aws.json(...['rds', 'promote-read-replica', '--db-instance-identifier', replica, '--region', 'us-west-2'])
  await expect
    .poll(async () => (await described(replica, 'us-west-2')).ReadReplicaSourceDBInstanceIdentifier, {
      timeout: 60_000,
    })
    .toBeUndefined()
  await becomes(replica, 'us-west-2', 'available')
  await sql(replica, "INSERT INTO commits (worker, n) VALUES ('cli', 4)")
  expect([await held(replica), await held(promoted)]).toEqual([4, 3])
  // The source keeps no WAL for it any more.
  const slots = await sql<{ n: string }>(
    promoted,
    "SELECT count(*) AS n FROM pg_replication_slots WHERE slot_name LIKE '%home_again'",
  )
  expect(slots[0]?.n).toBe('0')
  await aws.json(
    'rds',
    'delete-db-instance',
    '--db-instance-identifier',
    replica,
    '--skip-final-snapshot',
    '--region',
    'us-west-2',
  )
  await expect
    .poll(
      async () =>
        (await aws.run(['rds', 'describe-db-instances', '--db-instance-identifier', replica, '--region', 'us-west-2']))
          .code,
      {
        timeout: 60_000,
      },
    )
    .not.toBe(0)
})
