import type { DBCluster, DBInstance, DBInstanceAutomatedBackup } from '@aws-sdk/client-rds'
import type { Restorable, RestorableInstance, RestoreAttributes } from '../../domain/restore/restorable'
import { present, tags, time } from './describe'

/* What a restore sends and compares, out of the API's descriptions. */

const member = (i: DBInstance, c: DBCluster | null): RestorableInstance => {
  const of = c?.DBClusterMembers?.find((one) => one.DBInstanceIdentifier === i.DBInstanceIdentifier)
  return {
    id: i.DBInstanceIdentifier ?? '',
    isWriter: c === null || of?.IsClusterWriter === true,
    status: i.DBInstanceStatus ?? 'unknown',
    address: i.Endpoint?.Address ? { host: i.Endpoint.Address, port: i.Endpoint.Port ?? 5432 } : null,
    zone: i.AvailabilityZone ?? '',
    instanceClass: i.DBInstanceClass ?? '',
    parameterGroup: i.DBParameterGroups?.[0]?.DBParameterGroupName ?? null,
    promotionTier: of?.PromotionTier ?? i.PromotionTier ?? null,
    publiclyAccessible: i.PubliclyAccessible === true,
    multiAz: i.MultiAZ === true,
    tags: tags(i.TagList),
  }
}

/** Both shapes name most of it alike. */
const shared = (
  d: DBCluster | DBInstance,
): Omit<RestoreAttributes, 'port' | 'subnetGroup' | 'parameterGroup' | 'multiAz'> => ({
  engine: d.Engine ?? '',
  engineVersion: d.EngineVersion ?? '',
  securityGroupIds: present((d.VpcSecurityGroups ?? []).map((g) => g.VpcSecurityGroupId)),
  encrypted: d.StorageEncrypted === true,
  kmsKeyId: d.KmsKeyId ?? null,
  storageType: d.StorageType ?? null,
  iops: d.Iops ?? null,
  storageGiB: d.AllocatedStorage ?? null,
  iamAuthentication: d.IAMDatabaseAuthenticationEnabled === true,
  logExports: d.EnabledCloudwatchLogsExports ?? [],
  deletionProtection: d.DeletionProtection === true,
  copyTagsToSnapshots: d.CopyTagsToSnapshot === true,
  backupRetentionDays: d.BackupRetentionPeriod ?? 0,
})

export function restorableCluster(c: DBCluster, instances: DBInstance[]): Restorable {
  const port = c.Port ?? 5432
  const byRole = (a: RestorableInstance, b: RestorableInstance) =>
    Number(b.isWriter) - Number(a.isWriter) || a.id.localeCompare(b.id)
  return {
    kind: 'cluster',
    id: c.DBClusterIdentifier ?? '',
    arn: c.DBClusterArn ?? '',
    status: c.Status ?? 'unknown',
    endpoint: c.Endpoint ? { host: c.Endpoint, port } : null,
    readerEndpoint: c.ReaderEndpoint ? { host: c.ReaderEndpoint, port } : null,
    masterUsername: c.MasterUsername ?? null,
    window: { earliestAt: time(c.EarliestRestorableTime), latestAt: time(c.LatestRestorableTime) },
    attributes: {
      ...shared(c),
      port: c.Port ?? null,
      subnetGroup: c.DBSubnetGroup ?? null,
      parameterGroup: c.DBClusterParameterGroup ?? null,
      multiAz: c.MultiAZ === true,
    },
    instances: instances.map((i) => member(i, c)).sort(byRole),
    tags: tags(c.TagList),
  }
}

/** Of an instance the window's start stands in its automated backup alone. */
export function restorableInstance(i: DBInstance, backup: DBInstanceAutomatedBackup | undefined): Restorable {
  const own = member(i, null)
  const { EarliestTime, LatestTime } = backup?.RestoreWindow ?? {}
  return {
    kind: 'instance',
    id: own.id,
    arn: i.DBInstanceArn ?? '',
    status: own.status,
    endpoint: own.address,
    readerEndpoint: null,
    masterUsername: i.MasterUsername ?? null,
    window: { earliestAt: time(EarliestTime), latestAt: time(i.LatestRestorableTime) ?? time(LatestTime) },
    attributes: {
      ...shared(i),
      port: i.Endpoint?.Port ?? null,
      subnetGroup: i.DBSubnetGroup?.DBSubnetGroupName ?? null,
      parameterGroup: own.parameterGroup,
      multiAz: own.multiAz,
    },
    instances: [own],
    tags: own.tags,
  }
}
