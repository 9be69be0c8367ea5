/** RDS through the real SDK: what changes the cluster, what is refused, and what stays in the log. */
import {
  AddTagsToResourceCommand,
  CreateDBInstanceCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  FailoverDBClusterCommand,
  ListTagsForResourceCommand,
  ModifyDBClusterCommand,
  ModifyDBInstanceCommand,
  PromoteReadReplicaCommand,
  type RDSClient,
  RebootDBInstanceCommand,
  RestoreDBClusterToPointInTimeCommand,
} from '@aws-sdk/client-rds'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LabDouble } from './lab-double'
import { productionGroup, quarantineGroup } from './names'
import { closeRds, clusterArn, clusterId, openRds, replicaId } from './rds-testing'

let lab: LabDouble
let west: RDSClient
let east: RDSClient

async function open(shape?: Parameters<typeof openRds>[0]) {
  ;({ lab, west, east } = await openRds(shape))
}
afterEach(() => closeRds({ lab, west, east }))

describe('the customer’s own mixture', () => {
  beforeEach(() => open())

  test('a failover is answered with the cluster on its way, and logged with its parameters', async () => {
    const input = { DBClusterIdentifier: clusterId, TargetDBInstanceIdentifier: 'castmatch-prod-replica-1' }
    const { DBCluster } = await west.send(new FailoverDBClusterCommand(input))
    expect(DBCluster?.Status).toBe('failing-over')
    await expect(west.send(new FailoverDBClusterCommand(input))).rejects.toMatchObject({
      name: 'InvalidDBClusterStateFault',
      $metadata: { httpStatusCode: 400 },
    })
    lab.cluster.completeFailover('castmatch-prod-replica-1')
    expect(lab.cluster.calls).toEqual([['failover', 'castmatch-prod-replica-1']])
    const entry = { service: 'rds', operation: 'FailoverDBCluster', parameters: input }
    expect(lab.log).toMatchObject([
      { ...entry, effective: true, answered: 'ok', status: 200 },
      { ...entry, effective: false, answered: 'error', status: 400 },
    ])
  })

  test('a failover to the writer, to a stranger or of an unknown cluster is refused and changes nothing', async () => {
    const failover = (DBClusterIdentifier: string, TargetDBInstanceIdentifier?: string) =>
      west.send(
        new FailoverDBClusterCommand({
          DBClusterIdentifier,
          ...(TargetDBInstanceIdentifier ? { TargetDBInstanceIdentifier } : {}),
        }),
      )
    await expect(failover(clusterId, 'castmatch-prod-primary')).rejects.toMatchObject({
      name: 'InvalidDBInstanceStateFault',
    })
    await expect(failover(clusterId, replicaId)).rejects.toMatchObject({ name: 'InvalidDBInstanceStateFault' })
    await expect(failover('unknown')).rejects.toMatchObject({ name: 'DBClusterNotFoundFault' })
    expect(lab.cluster.calls).toEqual([])
    expect(lab.log.map((line) => line.effective)).toEqual([false, false, false])
  })

  test('a promotion takes the backup settings with it, and only of a replica', async () => {
    const { DBInstance } = await east.send(
      new PromoteReadReplicaCommand({
        DBInstanceIdentifier: replicaId,
        BackupRetentionPeriod: 14,
        PreferredBackupWindow: '03:00-04:00',
      }),
    )
    expect(DBInstance).toMatchObject({
      DBInstanceStatus: 'modifying',
      BackupRetentionPeriod: 14,
      PreferredBackupWindow: '03:00-04:00',
    })
    const promote = (id: string) => west.send(new PromoteReadReplicaCommand({ DBInstanceIdentifier: id }))
    await expect(promote('castmatch-prod-replica-1')).rejects.toMatchObject({ name: 'InvalidDBInstanceStateFault' })
    await expect(promote(replicaId)).rejects.toMatchObject({ name: 'DBInstanceNotFoundFault' })
    expect(lab.cluster.calls).toEqual([['promoteReadReplica', replicaId]])
  })

  test('a reboot reaches the cluster', async () => {
    const { DBInstance } = await west.send(
      new RebootDBInstanceCommand({ DBInstanceIdentifier: 'castmatch-prod-replica-1' }),
    )
    expect(DBInstance?.DBInstanceStatus).toBe('rebooting')
    expect(lab.cluster.calls).toEqual([['reboot', 'castmatch-prod-replica-1', false]])
    await expect(
      east.send(new RebootDBInstanceCommand({ DBInstanceIdentifier: replicaId, ForceFailover: true })),
    ).rejects.toMatchObject({ name: 'InvalidParameterCombination' })
  })

  test('a change that waits for the maintenance window is told as pending until it is applied', async () => {
    const modify = (input: Omit<ConstructorParameters<typeof ModifyDBInstanceCommand>[0], 'DBInstanceIdentifier'>) =>
      east.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: replicaId, ...input }))
    const waiting = await modify({ BackupRetentionPeriod: 7, VpcSecurityGroupIds: [quarantineGroup] })
    expect(waiting.DBInstance?.BackupRetentionPeriod).toBe(0)
    expect(waiting.DBInstance?.PendingModifiedValues?.BackupRetentionPeriod).toBe(7)
    expect(waiting.DBInstance?.VpcSecurityGroups?.map((g) => g.VpcSecurityGroupId)).toEqual([quarantineGroup])
    const applied = await modify({ DBInstanceClass: 'db.r6g.4xlarge', ApplyImmediately: true })
    expect(applied.DBInstance).toMatchObject({ BackupRetentionPeriod: 7, DBInstanceClass: 'db.r6g.4xlarge' })
    expect(applied.DBInstance?.PendingModifiedValues).toEqual({})
    await expect(modify({ BackupRetentionPeriod: 36 })).rejects.toMatchObject({ name: 'InvalidParameterValue' })
    // Another region's group is as unknown as one that never was.
    for (const group of ['vpc-1', 'sg-0unknown0000000', productionGroup('us-west-2')])
      await expect(modify({ VpcSecurityGroupIds: [group] })).rejects.toMatchObject({ name: 'InvalidParameterValue' })
    lab.cluster.change(replicaId, (member) => {
      member.status = 'rebooting'
    })
    await expect(modify({ DeletionProtection: true })).rejects.toMatchObject({ name: 'InvalidDBInstanceStateFault' })
  })

  test('security groups of the cluster reach its members, and tags stay', async () => {
    await west.send(
      new ModifyDBClusterCommand({ DBClusterIdentifier: clusterId, VpcSecurityGroupIds: [quarantineGroup] }),
    )
    const { DBInstances } = await west.send(new DescribeDBInstancesCommand({}))
    expect(DBInstances?.map((i) => i.VpcSecurityGroups?.[0]?.VpcSecurityGroupId)).toEqual(
      Array(3).fill(quarantineGroup),
    )
    await west.send(
      new AddTagsToResourceCommand({ ResourceName: clusterArn, Tags: [{ Key: 'dr-run', Value: 'r&d <1>' }] }),
    )
    const { TagList } = await west.send(new ListTagsForResourceCommand({ ResourceName: clusterArn }))
    expect(TagList).toContainEqual({ Key: 'dr-run', Value: 'r&d <1>' })
    expect(TagList).toContainEqual({ Key: 'dr-lab', Value: 'hybrid' })
    expect(lab.log.at(-1)?.parameters).toEqual({
      ResourceName: clusterArn,
      Tags: [{ Key: 'dr-run', Value: 'r&d <1>' }],
    })
    await expect(west.send(new ListTagsForResourceCommand({ ResourceName: `${clusterArn}x` }))).rejects.toMatchObject({
      name: 'DBClusterNotFoundFault',
    })
  })

  test('a password is never written to the log', async () => {
    await west.send(new ModifyDBClusterCommand({ DBClusterIdentifier: clusterId, MasterUserPassword: 'hunter22' }))
    expect(JSON.stringify(lab.log)).not.toContain('hunter22')
  })

  test('what the lab cannot create or delete is refused with a modelled code', async () => {
    const restore = { SourceDBClusterIdentifier: clusterId, UseLatestRestorableTime: true }
    await expect(
      west.send(new RestoreDBClusterToPointInTimeCommand({ ...restore, DBClusterIdentifier: 'restored' })),
    ).rejects.toMatchObject({ name: 'InsufficientDBClusterCapacityFault', $metadata: { httpStatusCode: 403 } })
    await expect(
      west.send(new RestoreDBClusterToPointInTimeCommand({ ...restore, DBClusterIdentifier: clusterId })),
    ).rejects.toMatchObject({ name: 'DBClusterAlreadyExistsFault' })
    const create = {
      MasterUsername: 'castmatch_admin',
      ManageMasterUserPassword: true,
      AllocatedStorage: 100,
      DBInstanceClass: 'db.r6g.2xlarge',
      Engine: 'postgres',
    }
    await expect(
      west.send(new CreateDBInstanceCommand({ ...create, DBInstanceIdentifier: 'new' })),
    ).rejects.toMatchObject({ name: 'InsufficientDBInstanceCapacityFault' })
    await expect(
      west.send(new CreateDBInstanceCommand({ ...create, DBInstanceIdentifier: 'castmatch-prod-primary' })),
    ).rejects.toMatchObject({ name: 'DBInstanceAlreadyExistsFault' })
    expect(lab.log.every((line) => !line.effective && line.answered === 'error')).toBe(true)
  })
})

describe('the other shapes', () => {
  test('instances without a cluster replicate by name, and fail over by promotion', async () => {
    await open('instance')
    expect((await west.send(new DescribeDBClustersCommand({}))).DBClusters).toEqual([])
    await expect(west.send(new FailoverDBClusterCommand({ DBClusterIdentifier: clusterId }))).rejects.toMatchObject({
      name: 'DBClusterNotFoundFault',
    })
    const { DBInstances } = await west.send(new DescribeDBInstancesCommand({}))
    expect(DBInstances?.map((i) => i.DBClusterIdentifier)).toEqual([undefined, undefined, undefined])
    expect(DBInstances?.map((i) => i.ReadReplicaSourceDBInstanceIdentifier)).toEqual([
      undefined,
      'castmatch-prod-primary',
      'castmatch-prod-primary',
    ])
    expect(DBInstances?.[0]?.ReadReplicaDBInstanceIdentifiers).toEqual([
      'castmatch-prod-replica-1',
      'castmatch-prod-replica-2',
      'arn:aws:rds:us-east-1:123456789012:db:castmatch-xregion-replica',
    ])
    expect(DBInstances?.[1]?.StatusInfos?.[0]?.Status).toBe('replicating')
    await west.send(new PromoteReadReplicaCommand({ DBInstanceIdentifier: 'castmatch-prod-replica-1' }))
    expect(lab.cluster.calls).toEqual([['promoteReadReplica', 'castmatch-prod-replica-1']])
    const named = { DBInstanceIdentifier: 'castmatch-prod-primary', ForceFailover: true }
    await expect(west.send(new RebootDBInstanceCommand(named))).rejects.toMatchObject({
      name: 'InvalidParameterCombination',
    })
    lab.cluster.setAttributes('castmatch-prod-primary', { MultiAZ: true })
    const reboot = await west.send(new RebootDBInstanceCommand(named))
    expect(reboot.DBInstance).toMatchObject({ MultiAZ: true, SecondaryAvailabilityZone: 'us-west-2b' })
    expect(lab.cluster.calls.at(-1)).toEqual(['failoverToStandby', 'castmatch-prod-primary'])
  })

  test('Aurora has its own engine name and no instance replicas', async () => {
    await open('aurora')
    const { DBClusters } = await west.send(new DescribeDBClustersCommand({}))
    expect(DBClusters?.[0]?.Engine).toBe('aurora-postgresql')
    expect(DBClusters?.[0]?.TagList?.map((tag) => tag.Key)).not.toContain('dr-lab')
    await expect(east.send(new PromoteReadReplicaCommand({ DBInstanceIdentifier: replicaId }))).rejects.toMatchObject({
      name: 'InvalidDBInstanceStateFault',
    })
    await expect(
      west.send(
        new ModifyDBInstanceCommand({
          DBInstanceIdentifier: 'castmatch-prod-primary',
          VpcSecurityGroupIds: [quarantineGroup],
        }),
      ),
    ).rejects.toMatchObject({ name: 'InvalidParameterCombination' })
  })
})
