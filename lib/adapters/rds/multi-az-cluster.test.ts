/**
 * A Multi-AZ DB cluster, which the lab does not serve: replies as AWS documents them, over HTTP to the real SDK. It is told
 * from Aurora by its engine alone; it fails over by the cluster's call; its members take no changes and none is created.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { renderCall } from '../../domain/procedure/render'
import { standingOf } from '../../ports/standing'
import type { StepContext, Surroundings, World } from '../../procedures/contract'
import { primaryFailover } from '../../procedures/primary-failover'
import type { FailoverFacts } from '../../procedures/primary-failover/facts'
import { failOverCall } from '../../procedures/primary-failover/fail-over'
import type { FailoverInputs } from '../../procedures/primary-failover/inputs'
import { fenceByGroup } from '../../procedures/steps/fence-calls'
import { fault, result, startRds, xml } from './testing'

const region = 'us-west-2'
const id = 'castmatch-multi-az'
const host = (name: string) => `${name}.c9akciq32rgi.${region}.rds.amazonaws.com`
const members = ['a', 'b', 'c'].map((zone, i) => ({
  id: `${id}-instance-${i + 1}`,
  zone: `${region}${zone}`,
  writer: i === 0,
}))
const writer = members[0]?.id ?? ''
const target = members[2]?.id ?? ''

const cluster = () => `<DBClusters><DBCluster>
  <AllocatedStorage>400</AllocatedStorage><BackupRetentionPeriod>7</BackupRetentionPeriod>
  <DBClusterIdentifier>${id}</DBClusterIdentifier><DBClusterParameterGroup>default.postgres15</DBClusterParameterGroup>
  <DBSubnetGroup>default</DBSubnetGroup><Status>available</Status>
  <EarliestRestorableTime>2026-11-16T09:02:11.103Z</EarliestRestorableTime>
  <Endpoint>${host(`${id}.cluster-x`)}</Endpoint><ReaderEndpoint>${host(`${id}.cluster-ro-x`)}</ReaderEndpoint>
  <MultiAZ>true</MultiAZ><Engine>postgres</Engine><EngineVersion>15.4</EngineVersion>
  <LatestRestorableTime>2026-11-23T00:59:31.512Z</LatestRestorableTime><Port>5432</Port><MasterUsername>castmatch_admin</MasterUsername>
  <DatabaseName>castmatch_production</DatabaseName><PreferredBackupWindow>09:00-09:30</PreferredBackupWindow>
  <DBClusterMembers>${members
    .map(
      (m) =>
        `<DBClusterMember><DBInstanceIdentifier>${m.id}</DBInstanceIdentifier><IsClusterWriter>${m.writer}</IsClusterWriter><DBClusterParameterGroupStatus>in-sync</DBClusterParameterGroupStatus><PromotionTier>1</PromotionTier></DBClusterMember>`,
    )
    .join('')}</DBClusterMembers>
  <VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-0a1</VpcSecurityGroupId><Status>active</Status></VpcSecurityGroupMembership></VpcSecurityGroups>
  <StorageEncrypted>true</StorageEncrypted><DbClusterResourceId>cluster-5TLXZ6W3HMYJ6JQ</DbClusterResourceId>
  <DBClusterArn>arn:aws:rds:${region}:123456789012:cluster:${id}</DBClusterArn>
  <DBClusterInstanceClass>db.r6gd.2xlarge</DBClusterInstanceClass><StorageType>io1</StorageType><Iops>3000</Iops>
  <PubliclyAccessible>false</PubliclyAccessible><DeletionProtection>true</DeletionProtection><TagList/>
</DBCluster></DBClusters>`

const instances = () =>
  `<DBInstances>${members
    .map(
      (m) =>
        `<DBInstance><DBInstanceIdentifier>${m.id}</DBInstanceIdentifier><DBInstanceClass>db.r6gd.2xlarge</DBInstanceClass><Engine>postgres</Engine><DBInstanceStatus>available</DBInstanceStatus><Endpoint><Address>${host(m.id)}</Address><Port>5432</Port></Endpoint><AvailabilityZone>${m.zone}</AvailabilityZone><MultiAZ>false</MultiAZ><EngineVersion>15.4</EngineVersion><StatusInfos/><DBClusterIdentifier>${id}</DBClusterIdentifier><VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-0a1</VpcSecurityGroupId><Status>active</Status></VpcSecurityGroupMembership></VpcSecurityGroups></DBInstance>`,
    )
    .join('')}</DBInstances>`

const refusal = 'The specified DB instance is a member of a DB cluster. Modify the DB cluster instead.'
let started: Awaited<ReturnType<typeof startRds>>
beforeAll(async () => {
  started = await startRds(({ action }, response) => {
    if (action === 'DescribeDBClusters') xml(response, 200, result(action, cluster()))
    else if (action === 'DescribeDBInstances') xml(response, 200, result(action, instances()))
    else if (action === 'FailoverDBCluster')
      xml(response, 200, result(action, '<DBCluster><Status>failing-over</Status></DBCluster>'))
    else xml(response, 400, fault('InvalidParameterCombination', refusal))
  })
})
afterAll(() => started.stop())
beforeEach(() => {
  started.requests.length = 0
})

const environment = {
  aws: {
    accountId: '123456789012',
    region,
    drRegion: 'us-east-1',
    clusterId: id,
    crossRegionReplicaId: null,
    quarantineSecurityGroupId: 'sg-quarantine',
  },
  database: { name: 'd', user: 'u', applicationRoles: ['app'], criticalTables: [] },
  kubernetes: null,
  poolers: [],
} as unknown as Surroundings

async function context(): Promise<StepContext<FailoverInputs, FailoverFacts>> {
  const fleet = standingOf(await started.rds.guarded(id, []), null, region)
  const node = (name: string) => {
    const { address, zone, instanceClass, multiAz, securityGroupIds } = fleet.instances.find((i) => i.id === name) ?? {}
    return {
      id: name,
      host: address?.host,
      port: address?.port,
      zone,
      instanceClass,
      multiAz,
      securityGroupIds,
      timeline: 1,
      lsn: null,
    }
  }
  const facts = { topology: fleet.topology, writerBefore: node(writer), target: node(target) } as FailoverFacts
  const inputs = { target } as FailoverInputs
  return { runId: 'r', mode: 'real', inputs, facts: facts, startedAt: 0 }
}

describe('a Multi-AZ DB cluster', () => {
  test('is recognised by its engine, with its writer, endpoints and restorable times', async () => {
    const guarded = await started.rds.guarded(id, [])
    expect(guarded.cluster?.resourceId).toBe('cluster-5TLXZ6W3HMYJ6JQ')
    const seen = standingOf(guarded, null, region)
    expect(seen).toMatchObject({
      topology: 'multi_az_cluster',
      status: 'available',
      writerId: writer,
      endpoint: { host: host(`${id}.cluster-x`), port: 5432 },
      readerEndpoint: { host: host(`${id}.cluster-ro-x`), port: 5432 },
      backupRetentionDays: 7,
      latestRestorableAt: Date.UTC(2026, 10, 23, 0, 59, 31, 512),
    })
    expect(seen.instances.map((i) => i.zone)).toEqual(members.map((m) => m.zone))
  })

  test('fails over by the call of the cluster, rendered and sent with the same members', async () => {
    const call = failOverCall(await context(), environment)
    if (!call) throw new Error('nothing would be sent')
    expect(renderCall(call)).toBe(
      `aws rds failover-db-cluster \\\n  --db-cluster-identifier ${id} \\\n  --target-db-instance-identifier ${target} \\\n  --region ${region}`,
    )
    started.requests.length = 0
    await started.rds.control.execute(call)
    expect(started.requests.map(({ form }) => Object.fromEntries(form))).toEqual([
      {
        Action: 'FailoverDBCluster',
        Version: '2014-10-31',
        DBClusterIdentifier: id,
        TargetDBInstanceIdentifier: target,
      },
    ])
  })

  test('no step of a failover creates an instance or changes a member: the platform fences its own', async () => {
    const ctx = await context()
    expect(fenceByGroup(ctx, environment)).toBeNull()
    const sent = primaryFailover
      .steps(environment)
      .flatMap((step) => [
        step.call?.(ctx, environment) ?? null,
        ...(step.alternatives?.(ctx, environment) ?? []).map((a) => a.call),
      ])
      .flatMap((call) => (call?.kind === 'aws' ? [call.operation] : []))
    expect(sent).toEqual(['FailoverDBCluster'])
    expect(ctx.facts.topology).toBe('multi_az_cluster')
  })

  test('says that its old writer needs no closing before the failover', async () => {
    const first = primaryFailover.steps(environment).find((s) => s.id === 'fence-first')
    expect(await first?.observe?.({} as World, await context())).toMatchObject({
      state: 'done',
      says: expect.stringContaining('RDS closes'),
    })
  })

  test('a change of a member is refused as AWS refuses it, and certainly did not happen', async () => {
    const refused = started.rds.control.execute({
      kind: 'aws',
      service: 'rds',
      operation: 'ModifyDBInstance',
      region,
      input: { DBInstanceIdentifier: writer, VpcSecurityGroupIds: ['sg-quarantine'], ApplyImmediately: true },
    })
    await expect(refused).rejects.toMatchObject({
      errorClass: 'config',
      message: expect.stringContaining('InvalidParameterCombination'),
      detail: { outcome: 'rejected' },
    })
    expect(started.requests).toHaveLength(1)
  })
})
