/** RDS through the real SDK: what the War Room's own adapter will read. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  DescribeDBClusterAutomatedBackupsCommand,
  DescribeDBClusterParametersCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBClustersCommand,
  DescribeDBEngineVersionsCommand,
  DescribeDBInstancesCommand,
  DescribeDBLogFilesCommand,
  DescribeDBSubnetGroupsCommand,
  DescribeEventsCommand,
  type DescribeEventsCommandInput,
  DescribeOrderableDBInstanceOptionsCommand,
  DescribePendingMaintenanceActionsCommand,
  DownloadDBLogFilePortionCommand,
  type RDSClient,
} from '@aws-sdk/client-rds'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LabDouble } from './lab-double'
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

  test('a cluster tells its roles, endpoints, tags and restorable window', async () => {
    const earliest = Date.parse('2026-03-01T10:00:00.123Z')
    lab.cluster.window = { earliest, latest: earliest + 60_000 }
    const { DBClusters } = await west.send(new DescribeDBClustersCommand({ DBClusterIdentifier: clusterId }))
    const cluster = DBClusters?.[0]
    expect(cluster).toMatchObject({
      DBClusterArn: clusterArn,
      Status: 'available',
      Engine: 'postgres',
      EngineVersion: '15.18',
      Endpoint: '127.0.11.1',
      ReaderEndpoint: '127.0.11.2',
      Port: 5432,
      MultiAZ: true,
      MasterUsername: 'castmatch_admin',
      DatabaseName: 'castmatch_production',
      BackupRetentionPeriod: 7,
      DeletionProtection: true,
      StorageEncrypted: true,
    })
    expect(cluster?.EarliestRestorableTime?.getTime()).toBe(earliest)
    expect(cluster?.ClusterCreateTime?.getTime()).toBeLessThan(Date.now())
    expect(cluster?.HostedZoneId).toMatch(/^Z[0-9A-F]{12}$/)
    // Only when something is pending.
    expect(cluster?.PendingModifiedValues).toBeUndefined()
    expect(cluster?.DBClusterMembers?.map((m) => [m.DBInstanceIdentifier, m.IsClusterWriter, m.PromotionTier])).toEqual(
      [
        ['castmatch-prod-primary', true, 0],
        ['castmatch-prod-replica-1', false, 1],
        ['castmatch-prod-replica-2', false, 2],
      ],
    )
    expect(cluster?.VpcSecurityGroups?.[0]?.Status).toBe('active')
    expect(cluster?.TagList).toContainEqual({ Key: 'dr-lab', Value: 'hybrid' })
    expect(cluster?.DbClusterResourceId).toMatch(/^cluster-[A-Z2-7]{26}$/)
  })

  test('a region shows its own resources and no others', async () => {
    const inWest = await west.send(new DescribeDBInstancesCommand({}))
    const inEast = await east.send(new DescribeDBInstancesCommand({}))
    expect(inWest.DBInstances?.length).toBe(3)
    expect(inEast.DBInstances?.map((i) => i.DBInstanceIdentifier)).toEqual([replicaId])
    expect((await east.send(new DescribeDBClustersCommand({}))).DBClusters).toEqual([])
    await expect(east.send(new DescribeDBClustersCommand({ DBClusterIdentifier: clusterId }))).rejects.toMatchObject({
      name: 'DBClusterNotFoundFault',
      $metadata: { httpStatusCode: 404 },
    })
  })

  test('the replica in the other region names its source by ARN and tells how replication goes', async () => {
    const read = async () => {
      const { DBInstances } = await east.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: replicaId }))
      return DBInstances?.[0]
    }
    expect(await read()).toMatchObject({
      ReadReplicaSourceDBInstanceIdentifier: 'arn:aws:rds:us-west-2:123456789012:db:castmatch-prod-primary',
      StatusInfos: [{ StatusType: 'read replication', Normal: true, Status: 'replicating' }],
      BackupRetentionPeriod: 0,
      Endpoint: { Address: '127.0.10.4', Port: 5432 },
    })
    lab.cluster.change('castmatch-prod-primary', (member) => {
      member.running = false
    })
    expect((await read())?.StatusInfos?.[0]).toMatchObject({ Normal: false, Status: 'error' })
    lab.cluster.change(replicaId, (member) => {
      member.replicaSourceId = null
    })
    const promoted = await read()
    expect(promoted?.ReadReplicaSourceDBInstanceIdentifier).toBeUndefined()
    expect(promoted?.StatusInfos).toBeUndefined()
  })

  test('instances are filtered by cluster, by name and by several names', async () => {
    const find = async (Name: string, Values: string[]) => {
      const found = await west.send(new DescribeDBInstancesCommand({ Filters: [{ Name, Values }] }))
      return found.DBInstances?.map((i) => i.DBInstanceIdentifier)
    }
    expect((await find('db-cluster-id', [clusterId]))?.length).toBe(3)
    expect((await find('db-cluster-id', [clusterArn]))?.length).toBe(3)
    expect(await find('db-cluster-id', ['another'])).toEqual([])
    expect(await find('db-instance-id', ['castmatch-prod-replica-2', 'castmatch-prod-replica-1'])).toEqual([
      'castmatch-prod-replica-1',
      'castmatch-prod-replica-2',
    ])
    await expect(find('colour', ['red'])).rejects.toMatchObject({ name: 'InvalidParameterValue' })
  })

  test('events keep the hour, the source, the category and the order', async () => {
    const now = Date.now()
    const event = (minutesAgo: number, message: string, sourceId = clusterId, categories = ['failover']) => {
      const sourceType = sourceId === clusterId ? ('db-cluster' as const) : ('db-instance' as const)
      lab.cluster.recorded.push({ at: now - minutesAgo * 60_000, sourceId, sourceType, message, categories })
    }
    event(1, 'newest <&> "quoted"')
    event(90, 'old')
    event(30, 'restarted', 'castmatch-prod-primary', ['availability'])
    event(20, 'in the other region', replicaId, ['availability'])
    const messages = async (input: DescribeEventsCommandInput) =>
      (await west.send(new DescribeEventsCommand(input))).Events?.map((e) => e.Message)
    expect(await messages({})).toEqual(['restarted', 'newest <&> "quoted"'])
    expect(await messages({ Duration: 120 })).toEqual(['old', 'restarted', 'newest <&> "quoted"'])
    expect(await messages({ StartTime: new Date(now - 95 * 60_000), EndTime: new Date(now - 25 * 60_000) })).toEqual([
      'old',
      'restarted',
    ])
    expect(await messages({ EventCategories: ['availability'] })).toEqual(['restarted'])
    expect(await messages({ SourceType: 'db-cluster' })).toEqual(['newest <&> "quoted"'])
    expect(await messages({ SourceType: 'db-instance', SourceIdentifier: 'castmatch-prod-replica-1' })).toEqual([])
    await expect(messages({ SourceIdentifier: clusterId })).rejects.toMatchObject({
      name: 'InvalidParameterCombination',
    })
    const { Events } = await west.send(new DescribeEventsCommand({ SourceType: 'db-cluster' }))
    expect(Events?.[0]).toMatchObject({
      SourceIdentifier: clusterId,
      SourceArn: clusterArn,
      EventCategories: ['failover'],
    })
    expect(Events?.[0]?.Date?.getTime()).toBe(now - 60_000)
  })

  test('a long list comes in pages that miss and repeat nothing', async () => {
    for (let n = 0; n < 45; n += 1) {
      lab.cluster.recordEvent({ sourceId: clusterId, sourceType: 'db-cluster', message: `event ${n}`, categories: [] })
    }
    const seen: (string | undefined)[] = []
    let Marker: string | undefined
    do {
      const page = await west.send(new DescribeEventsCommand({ MaxRecords: 20, ...(Marker ? { Marker } : {}) }))
      expect(page.Events?.length).toBeLessThanOrEqual(20)
      seen.push(...(page.Events?.map((e) => e.Message) ?? []))
      Marker = page.Marker
    } while (Marker)
    expect(seen).toEqual(Array.from({ length: 45 }, (_, n) => `event ${n}`))
    await expect(west.send(new DescribeEventsCommand({ MaxRecords: 5 }))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      $metadata: { httpStatusCode: 400 },
    })
  })

  test('backups, versions, classes, subnets, parameters and maintenance are told', async () => {
    lab.cluster.window = { earliest: 1_770_000_000_000, latest: 1_770_000_600_000 }
    const snapshots = await west.send(new DescribeDBClusterSnapshotsCommand({ SnapshotType: 'automated' }))
    expect(snapshots.DBClusterSnapshots?.[0]).toMatchObject({ DBClusterIdentifier: clusterId, Status: 'available' })
    const backups = await west.send(new DescribeDBClusterAutomatedBackupsCommand({ DBClusterIdentifier: clusterId }))
    expect(backups.DBClusterAutomatedBackups?.[0]?.RestoreWindow?.LatestTime?.getTime()).toBe(1_770_000_600_000)
    const versions = await west.send(
      new DescribeDBEngineVersionsCommand({ Engine: 'postgres', EngineVersion: '15.18' }),
    )
    expect(versions.DBEngineVersions?.[0]?.DBParameterGroupFamily).toBe('postgres15')
    const none = await west.send(new DescribeDBEngineVersionsCommand({ Engine: 'postgres', EngineVersion: '15.4' }))
    expect(none.DBEngineVersions).toEqual([])
    const orderable = await west.send(
      new DescribeOrderableDBInstanceOptionsCommand({ Engine: 'postgres', DBInstanceClass: 'db.r6g.2xlarge' }),
    )
    expect(orderable.OrderableDBInstanceOptions?.[0]?.AvailabilityZones?.length).toBe(3)
    const subnets = await east.send(new DescribeDBSubnetGroupsCommand({}))
    expect(subnets.DBSubnetGroups?.[0]?.Subnets?.[0]?.SubnetAvailabilityZone?.Name).toBe('us-east-1a')
    const parameters = await west.send(
      new DescribeDBClusterParametersCommand({ DBClusterParameterGroupName: 'castmatch-prod-pg15' }),
    )
    expect(parameters.Parameters).toContainEqual(expect.objectContaining({ ParameterName: 'wal_level' }))
    const maintenance = await west.send(new DescribePendingMaintenanceActionsCommand({}))
    expect(maintenance.PendingMaintenanceActions).toEqual([])
    lab.cluster.setAttributes('castmatch-prod-primary', { maintenanceDue: true })
    const due = await west.send(new DescribePendingMaintenanceActionsCommand({}))
    expect(due.PendingMaintenanceActions).toMatchObject([
      {
        ResourceIdentifier: 'arn:aws:rds:us-west-2:123456789012:db:castmatch-prod-primary',
        PendingMaintenanceActionDetails: [{ Action: 'system-update' }],
      },
    ])
  })

  test('a log is read from the end, and from its start in parts', async () => {
    mkdirSync(join(lab.dataDir, 'postgres'))
    writeFileSync(join(lab.dataDir, 'postgres', 'castmatch-prod-primary.log'), 'one\ntwo <2>\nthree\n')
    const DBInstanceIdentifier = 'castmatch-prod-primary'
    const files = await west.send(new DescribeDBLogFilesCommand({ DBInstanceIdentifier }))
    expect(files.DescribeDBLogFiles).toMatchObject([{ LogFileName: 'error/postgresql.log', Size: 18 }])
    const LogFileName = 'error/postgresql.log'
    const portion = (input: { Marker?: string; NumberOfLines?: number }) =>
      west.send(new DownloadDBLogFilePortionCommand({ DBInstanceIdentifier, LogFileName, ...input }))
    expect((await portion({ NumberOfLines: 2 })).LogFileData).toBe('two <2>\nthree\n')
    expect(await portion({ Marker: '0' })).toMatchObject({
      LogFileData: 'one\ntwo <2>\nthree\n',
      Marker: '18',
      AdditionalDataPending: false,
    })
    await expect(
      west.send(new DownloadDBLogFilePortionCommand({ DBInstanceIdentifier, LogFileName: 'other' })),
    ).rejects.toMatchObject({ name: 'DBLogFileNotFoundFault' })
    const elsewhere = await west.send(
      new DescribeDBLogFilesCommand({ DBInstanceIdentifier: 'castmatch-prod-replica-1' }),
    )
    expect(elsewhere.DescribeDBLogFiles).toEqual([])
  })
})
