import type { DBCluster, DBInstance, Event, Tag } from '@aws-sdk/client-rds'
import { nodeKey } from '../../domain/cluster/node-key'
import type { ClusterEvent } from '../../domain/cluster/types'
import type { FleetCluster, FleetInstance } from '../../ports/fleet'

export const time = (date: Date | undefined): number | null => {
  const at = date?.getTime()
  return at === undefined || Number.isNaN(at) ? null : at
}
export const tags = (list: Tag[] | undefined): Record<string, string> =>
  Object.fromEntries((list ?? []).flatMap((t) => (t.Key === undefined ? [] : [[t.Key, t.Value ?? '']])))
export const present = <T>(list: (T | undefined)[]): T[] => list.filter((x): x is T => x !== undefined)

/** The API's cluster in our words. */
export function toCluster(c: DBCluster): FleetCluster {
  const port = c.Port ?? 5432
  return {
    id: c.DBClusterIdentifier ?? '',
    resourceId: c.DbClusterResourceId ?? null,
    arn: c.DBClusterArn ?? '',
    status: c.Status ?? 'unknown',
    engine: c.Engine ?? '',
    engineVersion: c.EngineVersion ?? '',
    writerEndpoint: { host: c.Endpoint ?? '', port },
    readerEndpoint: c.ReaderEndpoint ? { host: c.ReaderEndpoint, port } : null,
    members: (c.DBClusterMembers ?? []).map((m) => ({
      id: m.DBInstanceIdentifier ?? '',
      isWriter: m.IsClusterWriter === true,
      promotionTier: m.PromotionTier ?? null,
    })),
    databaseName: c.DatabaseName ?? '',
    masterUsername: c.MasterUsername ?? '',
    backupRetentionDays: c.BackupRetentionPeriod ?? 0,
    earliestRestorableAt: time(c.EarliestRestorableTime),
    latestRestorableAt: time(c.LatestRestorableTime),
    securityGroupIds: present((c.VpcSecurityGroups ?? []).map((g) => g.VpcSecurityGroupId)),
    deletionProtection: c.DeletionProtection === true,
    tags: tags(c.TagList),
  }
}

/** The API's instance in our words, `home` our own region; `StatusInfos` is blank unless it is a read replica. */
export function toInstance(i: DBInstance, region: string, home: string): FleetInstance {
  const keyOf = (value: string | undefined) => relativeKey(value, region, home)
  const replication = (i.StatusInfos ?? []).find((s) => s.StatusType === 'read replication')
  return {
    id: nodeKey(i.DBInstanceIdentifier ?? '', region, home),
    resourceId: i.DbiResourceId ?? null,
    clusterId: i.DBClusterIdentifier ?? null,
    status: i.DBInstanceStatus ?? 'unknown',
    address: i.Endpoint?.Address ? { host: i.Endpoint.Address, port: i.Endpoint.Port ?? 5432 } : null,
    region,
    zone: i.AvailabilityZone ?? '',
    instanceClass: i.DBInstanceClass ?? '',
    engine: i.Engine ?? '',
    engineVersion: i.EngineVersion ?? '',
    multiAz: i.MultiAZ === true,
    replicaSourceId: keyOf(i.ReadReplicaSourceDBInstanceIdentifier ?? i.ReadReplicaSourceDBClusterIdentifier),
    replicaIds: (i.ReadReplicaDBInstanceIdentifiers ?? []).flatMap((value) => keyOf(value) ?? []),
    replication: replication ? { normal: replication.Normal === true, status: replication.Status ?? 'unknown' } : null,
    backupRetentionDays: i.BackupRetentionPeriod ?? 0,
    latestRestorableAt: time(i.LatestRestorableTime),
    securityGroupIds: present((i.VpcSecurityGroups ?? []).map((g) => g.VpcSecurityGroupId)),
    pending: Object.entries(i.PendingModifiedValues ?? {}).flatMap(([key, value]) => (value == null ? [] : [key])),
    deletionProtection: i.DeletionProtection === true,
    backupWindow: i.PreferredBackupWindow ?? null,
    tags: tags(i.TagList),
    certificateValidTill: time(i.CertificateDetails?.ValidTill),
  }
}

/** Key of a source or replica: the API names one in another region than `region` by its ARN. */
function relativeKey(value: string | undefined, region: string, home: string): string | null {
  if (!value) return null
  const [arn, , , of, , , name] = value.split(':')
  return arn === 'arn' && of && name ? nodeKey(name, of, home) : nodeKey(value, region, home)
}

/** An event of a region, its source by key. */
export function toEvent(e: Event, region: string, home: string): ClusterEvent | null {
  const at = time(e.Date)
  if (at === null) return null
  const source = nodeKey(e.SourceIdentifier ?? '', region, home)
  return { at, source, message: e.Message ?? '', categories: e.EventCategories ?? [] }
}
