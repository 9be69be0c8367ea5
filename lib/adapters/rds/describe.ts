import type { DBCluster, DBInstance, Event, Tag } from '@aws-sdk/client-rds'
import type { ClusterEvent } from '../../domain/cluster/types'
import type { FleetCluster, FleetInstance } from '../../ports/fleet'

const time = (date: Date | undefined): number | null => {
  const at = date?.getTime()
  return at === undefined || Number.isNaN(at) ? null : at
}
const tags = (list: Tag[] | undefined): Record<string, string> =>
  Object.fromEntries((list ?? []).flatMap((t) => (t.Key === undefined ? [] : [[t.Key, t.Value ?? '']])))
const present = <T>(list: (T | undefined)[]): T[] => list.filter((x): x is T => x !== undefined)

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

/** The API's instance in our words; `StatusInfos` is blank unless the instance is a read replica. */
export function toInstance(i: DBInstance, region: string): FleetInstance {
  const replication = (i.StatusInfos ?? []).find((s) => s.StatusType === 'read replication')
  return {
    id: i.DBInstanceIdentifier ?? '',
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
    replicaSourceId: sourceId(i.ReadReplicaSourceDBInstanceIdentifier ?? i.ReadReplicaSourceDBClusterIdentifier),
    replicaIds: present((i.ReadReplicaDBInstanceIdentifiers ?? []).map(sourceId)).filter(
      (id): id is string => id !== null,
    ),
    replication: replication ? { normal: replication.Normal === true, status: replication.Status ?? 'unknown' } : null,
    backupRetentionDays: i.BackupRetentionPeriod ?? 0,
    latestRestorableAt: time(i.LatestRestorableTime),
    securityGroupIds: present((i.VpcSecurityGroups ?? []).map((g) => g.VpcSecurityGroupId)),
    pending: Object.entries(i.PendingModifiedValues ?? {}).flatMap(([key, value]) => (value == null ? [] : [key])),
    tags: tags(i.TagList),
    certificateValidTill: time(i.CertificateDetails?.ValidTill),
  }
}

/** Across regions the API names a source or replica by ARN; its last part is the name. */
function sourceId(value: string | undefined): string | null {
  if (!value) return null
  return value.startsWith('arn:') ? (value.split(':').at(-1) ?? null) : value
}

export function toEvent(e: Event): ClusterEvent | null {
  const at = time(e.Date)
  if (at === null) return null
  return { at, source: e.SourceIdentifier ?? '', message: e.Message ?? '', categories: e.EventCategories ?? [] }
}
