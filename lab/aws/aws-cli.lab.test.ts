/** The AWS CLI against the lab's real servers: roles, changes, events and refusals. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestLab, type TestLab } from '../testing'
import { type Cli, cliOf } from './cli-testing'
import { registerAws } from './index'
import { quarantineGroup } from './names'

let lab: TestLab
let cli: Cli

beforeAll(async () => {
  lab = await startTestLab({ basePort: 21_100, register: registerAws })
  cli = cliOf({ url: lab.url, secrets: lab.lab.secrets })
})
afterAll(async () => {
  await lab?.end()
  cli?.end()
})

const run: Cli['run'] = (...args) => cli.run(...args)
const json: Cli['json'] = (...args) => cli.json(...args)

interface Member {
  DBInstanceIdentifier: string
  IsClusterWriter: boolean
}

const cluster = () => lab.lab.context.cluster

test('the CLI learns who it is', async () => {
  expect(await json('sts', 'get-caller-identity')).toEqual({
    UserId: expect.any(String),
    Account: '123456789012',
    Arn: expect.stringMatching(/^arn:aws:iam::123456789012:/),
  })
})

test('the CLI sees the cluster with its roles and endpoints', async () => {
  const { DBClusters } = await json('rds', 'describe-db-clusters', '--db-cluster-identifier', cluster().id)
  expect(DBClusters).toHaveLength(1)
  expect(DBClusters[0]).toMatchObject({
    Status: 'available',
    Engine: 'postgres',
    Endpoint: cluster().writerEndpoint.host,
    Port: cluster().writerEndpoint.port,
  })
  expect(DBClusters[0].DBClusterMembers.filter((member: Member) => member.IsClusterWriter)).toMatchObject([
    { DBInstanceIdentifier: cluster().writerId() },
  ])
  expect(DBClusters[0].TagList).toContainEqual({ Key: 'dr-lab', Value: 'hybrid' })
})

test('the CLI filters instances, and finds the replica in its own region only', async () => {
  const filter = `Name=db-cluster-id,Values=${cluster().id}`
  const inWest = await json('rds', 'describe-db-instances', '--filters', filter)
  expect(inWest.DBInstances).toHaveLength(3)
  const one = await json(
    ...['rds', 'describe-db-instances', '--filters', 'Name=db-instance-id,Values=castmatch-prod-replica-1'],
  )
  expect(one.DBInstances).toMatchObject([{ DBInstanceStatus: 'available', DBClusterIdentifier: cluster().id }])
  const inEast = await json('rds', 'describe-db-instances', '--region', 'us-east-1')
  expect(inEast.DBInstances).toMatchObject([
    { DBInstanceIdentifier: 'castmatch-xregion-replica', StatusInfos: [{ Status: 'replicating' }] },
  ])
})

test('the CLI reads all pages of the events', async () => {
  for (let n = 0; n < 45; n += 1) {
    cluster().recordEvent({
      sourceId: cluster().id,
      sourceType: 'db-cluster',
      message: `Rehearsal <${n}> & more`,
      categories: ['notification'],
    })
  }
  const events = ['rds', 'describe-events', '--source-type', 'db-cluster', '--duration', '30', '--page-size', '20']
  const { Events } = await json(...events, '--event-categories', 'notification')
  expect(Events.map((event: { Message: string }) => event.Message)).toEqual(
    Array.from({ length: 45 }, (_, n) => `Rehearsal <${n}> & more`),
  )
  expect(Events[0]).toMatchObject({ SourceIdentifier: cluster().id, EventCategories: ['notification'] })
})

test('the CLI reads the log of a real server', async () => {
  const node = ['--db-instance-identifier', cluster().writerId()]
  const { DescribeDBLogFiles } = await json('rds', 'describe-db-log-files', ...node)
  expect(DescribeDBLogFiles).toHaveLength(1)
  const name = ['--log-file-name', DescribeDBLogFiles[0].LogFileName]
  const portion = await json('rds', 'download-db-log-file-portion', ...node, ...name, '--starting-token', '0')
  expect(portion.LogFileData.length).toBeGreaterThan(0)
})

test('the CLI simulates what the caller may do, and a permission that was taken away is told and refused', async () => {
  const user = ['--policy-source-arn', 'arn:aws:iam::123456789012:user/castmatch-war-room']
  const arn = `arn:aws:rds:us-west-2:123456789012:cluster:${cluster().id}`
  const actions = ['--action-names', 'rds:FailoverDBCluster', 'rds:ModifyDBInstance']
  const simulate = async () => {
    const { EvaluationResults } = await json(
      'iam',
      'simulate-principal-policy',
      ...user,
      ...actions,
      '--resource-arns',
      arn,
    )
    return EvaluationResults
  }
  const result = (EvalActionName: string, decision: string) => ({
    EvalActionName,
    EvalDecision: decision,
    ResourceSpecificResults: [{ EvalResourceName: arn, EvalResourceDecision: decision }],
  })
  expect(await simulate()).toMatchObject([
    result('rds:FailoverDBCluster', 'allowed'),
    result('rds:ModifyDBInstance', 'allowed'),
  ])
  await lab.lab.startFault('permission-denied', null, { how: 'boundary' })
  expect(await simulate()).toMatchObject([
    {
      ...result('rds:FailoverDBCluster', 'implicitDeny'),
      PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
    },
    result('rds:ModifyDBInstance', 'allowed'),
  ])
  const failover = ['rds', 'failover-db-cluster', '--db-cluster-identifier', cluster().id]
  expect(await run(failover)).toMatchObject({
    code: expect.any(Number),
    stderr: expect.stringMatching(/\(AccessDenied\).*rds:FailoverDBCluster.*no permissions boundary allows/),
  })
  await lab.lab.startFault('permission-denied', null, { actions: 'rds:FailoverDBCluster', how: 'organization' })
  expect(await simulate()).toMatchObject([
    { OrganizationsDecisionDetail: { AllowedByOrganizations: false } },
    result('rds:ModifyDBInstance', 'allowed'),
  ])
  await lab.lab.startFault('permission-denied', null, { actions: 'iam:SimulatePrincipalPolicy' })
  const asked = ['iam', 'simulate-principal-policy', ...user, ...actions]
  expect((await run(asked)).stderr).toMatch(/\(AccessDenied\).*iam:SimulatePrincipalPolicy/)
  await lab.lab.heal('permission-denied')
  expect((await run(asked)).code).toBe(0)
  const stranger = [...asked]
  stranger[3] = 'arn:aws:iam::123456789012:role/nobody'
  expect((await run(stranger)).stderr).toContain('(NoSuchEntity)')
})

test('wrong credentials are refused by name', async () => {
  const wrongSecret = await run(['sts', 'get-caller-identity'], { AWS_SECRET_ACCESS_KEY: 'wrong' })
  expect(wrongSecret.code).toBeGreaterThan(0)
  expect(wrongSecret.stderr).toContain('(SignatureDoesNotMatch)')
  const wrongKey = await run(['rds', 'describe-db-clusters'], { AWS_ACCESS_KEY_ID: 'AKIASTRANGER' })
  expect(wrongKey.code).toBeGreaterThan(0)
  expect(wrongKey.stderr).toContain('(InvalidClientTokenId)')
})

test('an unknown cluster is refused by its modelled code, and the attempt is logged', async () => {
  const before = lab.lab.context.log.list().length
  const { code, stderr } = await run(['rds', 'failover-db-cluster', '--db-cluster-identifier', 'no-such-cluster'])
  expect(code).toBeGreaterThan(0)
  expect(stderr).toContain('(DBClusterNotFoundFault)')
  expect(lab.lab.context.log.list().slice(before)).toMatchObject([
    { operation: 'FailoverDBCluster', effective: false, answered: 'error', status: 404 },
  ])
})

test('a reply lost after the effect reaches the CLI as a broken connection, once', async () => {
  await lab.lab.startFault('api-reply-lost', 'rds', { operation: 'AddTagsToResource' })
  const arn = `arn:aws:rds:us-west-2:123456789012:cluster:${cluster().id}`
  const before = lab.lab.context.log.list().length
  const lost = await run(['rds', 'add-tags-to-resource', '--resource-name', arn, '--tags', 'Key=dr-run,Value=r1'])
  expect(lost.code).toBeGreaterThan(0)
  const { TagList } = await json('rds', 'list-tags-for-resource', '--resource-name', arn)
  expect(TagList).toContainEqual({ Key: 'dr-run', Value: 'r1' })
  const log = lab.lab.context.log.list().slice(before)
  expect(log).toMatchObject([{ operation: 'AddTagsToResource', effective: true, answered: 'none' }])
})

test.each([
  ['cut', /Connection was closed/],
  ['garbage', /Unable to parse response \(mismatched tag/],
  ['empty', /Unable to parse response \(no element found/],
])('a reply that is spoilt (%s) after the effect tells the CLI nothing of it', async (how, complaint) => {
  await lab.lab.startFault(`api-reply-${how}`, 'rds', { operation: 'AddTagsToResource' })
  const arn = `arn:aws:rds:us-west-2:123456789012:cluster:${cluster().id}`
  const before = lab.lab.context.log.list().length
  const tag = ['--resource-name', arn, '--tags', `Key=dr-run,Value=${how}`]
  const tagged = await run(['rds', 'add-tags-to-resource', ...tag, '--debug'])
  expect(tagged.code).toBeGreaterThan(0)
  expect(tagged.stderr).toMatch(/"POST \/ HTTP\/1.1" 200/)
  expect(tagged.stderr).toMatch(complaint)
  const { TagList } = await json('rds', 'list-tags-for-resource', '--resource-name', arn)
  expect(TagList).toContainEqual({ Key: 'dr-run', Value: how })
  expect(lab.lab.context.log.list().slice(before)).toMatchObject([
    { operation: 'AddTagsToResource', effective: true, answered: 'none', status: 200 },
  ])
})

test('a failover asked for by the CLI makes the named reader the writer', async () => {
  const target = 'castmatch-prod-replica-1'
  const named = ['--db-cluster-identifier', cluster().id, '--target-db-instance-identifier', target]
  const before = lab.lab.context.log.list().length
  const { DBCluster } = await json('rds', 'failover-db-cluster', ...named)
  expect(DBCluster.Status).toBe('failing-over')

  const writers = async () => {
    const { DBClusters } = await json('rds', 'describe-db-clusters', '--db-cluster-identifier', cluster().id)
    const { Status, DBClusterMembers } = DBClusters[0]
    const writer = DBClusterMembers.find((member: Member) => member.IsClusterWriter)?.DBInstanceIdentifier
    return `${Status} ${writer}`
  }
  await expect.poll(writers, { timeout: 45_000, interval: 500 }).toBe(`available ${target}`)
  const waited = await run(['rds', 'wait', 'db-cluster-available', '--db-cluster-identifier', cluster().id])
  expect(waited).toMatchObject({ code: 0, stderr: '' })

  const events = await json('rds', 'describe-events', '--source-type', 'db-cluster', '--event-categories', 'failover')
  const messages = events.Events.map((event: { Message: string }) => event.Message)
  expect(messages[0]).toMatch(/^Started (cross|same) AZ failover to DB instance: castmatch-prod-replica-1$/)
  expect(messages.at(-1)).toMatch(/^Completed (\w+ initiated )?failover to DB instance: castmatch-prod-replica-1$/)
  expect(lab.lab.context.log.list().slice(before)).toMatchObject([
    {
      operation: 'FailoverDBCluster',
      parameters: { DBClusterIdentifier: cluster().id, TargetDBInstanceIdentifier: target },
      effective: true,
      answered: 'ok',
    },
  ])
})

test('a promotion asked for by the CLI ends the replication of the replica and keeps its backup settings', async () => {
  const id = ['--db-instance-identifier', 'castmatch-xregion-replica', '--region', 'us-east-1']
  const promoted = await json('rds', 'promote-read-replica', ...id, '--backup-retention-period', '7')
  expect(promoted.DBInstance.DBInstanceStatus).toBe('modifying')
  const replica = async () => {
    const { DBInstances } = await json('rds', 'describe-db-instances', ...id)
    const { DBInstanceStatus, ReadReplicaSourceDBInstanceIdentifier } = DBInstances[0]
    return `${DBInstanceStatus}, source ${ReadReplicaSourceDBInstanceIdentifier ?? 'none'}`
  }
  await expect.poll(replica, { timeout: 45_000, interval: 500 }).toBe('available, source none')
  const { DBInstances } = await json('rds', 'describe-db-instances', ...id)
  expect(DBInstances[0]).toMatchObject({ BackupRetentionPeriod: 7 })
  expect(DBInstances[0].StatusInfos).toBeUndefined()
})

test('a change asked for by the CLI is pending first and then in force', async () => {
  const id = ['--db-instance-identifier', 'castmatch-prod-replica-2']
  const change = ['--vpc-security-group-ids', quarantineGroup, '--db-instance-class', 'db.r6g.4xlarge']
  const { DBInstance } = await json('rds', 'modify-db-instance', ...id, ...change, '--apply-immediately')
  expect(DBInstance).toMatchObject({
    DBInstanceStatus: 'modifying',
    PendingModifiedValues: { DBInstanceClass: 'db.r6g.4xlarge' },
  })
  const instance = async () => (await json('rds', 'describe-db-instances', ...id)).DBInstances[0]
  await expect.poll(instance, { timeout: 45_000, interval: 500 }).toMatchObject({
    DBInstanceStatus: 'available',
    DBInstanceClass: 'db.r6g.4xlarge',
    VpcSecurityGroups: [{ VpcSecurityGroupId: quarantineGroup, Status: 'active' }],
    PendingModifiedValues: {},
  })
})
