import { hostedZoneId, rdsArn, resourceIdOf } from './names'
import { engineOf } from './shape'
import { type LabView, memberNodes } from './view'
import { type XmlStructure, xmlList } from './xml'

/** Times may be unknown (nothing archived yet): then the member is left out. */
export function timeOrNothing(at: number | null): Date | null {
  return at === null ? null : new Date(at)
}

export function tagList(tags: Record<string, string>): XmlStructure[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}

export function securityGroups(ids: string[]) {
  return xmlList(
    'VpcSecurityGroupMembership',
    ids.map((VpcSecurityGroupId) => ({ VpcSecurityGroupId, Status: 'active' })),
  )
}

/** A DBCluster as DescribeDBClusters and the calls that change one write it. */
export function renderCluster(view: LabView): XmlStructure {
  const { cluster } = view
  const { attributes } = cluster
  const nodes = memberNodes(view)
  const zones = [...new Set(nodes.map((node) => node.zone))].sort()
  return {
    AllocatedStorage: attributes.AllocatedStorage,
    AvailabilityZones: xmlList('AvailabilityZone', zones),
    BackupRetentionPeriod: attributes.BackupRetentionPeriod,
    DatabaseName: cluster.databaseName,
    DBClusterIdentifier: cluster.id,
    DBClusterParameterGroup: attributes.DBClusterParameterGroupName,
    DBSubnetGroup: attributes.DBSubnetGroupName,
    Status: cluster.status,
    EarliestRestorableTime: timeOrNothing(cluster.earliestRestorable),
    Endpoint: cluster.writerEndpoint.host,
    ReaderEndpoint: cluster.readerEndpoint.host,
    MultiAZ: zones.length > 1,
    HostedZoneId: hostedZoneId(cluster.region),
    ClusterCreateTime: new Date(cluster.createdAt),
    Engine: engineOf(view.shape),
    EngineVersion: attributes.EngineVersion,
    LatestRestorableTime: timeOrNothing(cluster.latestRestorable),
    Port: cluster.writerEndpoint.port,
    MasterUsername: cluster.masterUsername,
    PreferredBackupWindow: attributes.PreferredBackupWindow,
    PreferredMaintenanceWindow: attributes.PreferredMaintenanceWindow,
    ReadReplicaIdentifiers: xmlList('ReadReplicaIdentifier', []),
    DBClusterMembers: xmlList(
      'DBClusterMember',
      nodes.map((node) => ({
        DBInstanceIdentifier: node.id,
        IsClusterWriter: node.id === cluster.writerId,
        DBClusterParameterGroupStatus: 'in-sync',
        PromotionTier:
          typeof node.attributes.PromotionTier === 'number' ? node.attributes.PromotionTier : node.promotionTier,
      })),
    ),
    VpcSecurityGroups: securityGroups(attributes.VpcSecurityGroupIds),
    StorageEncrypted: attributes.StorageEncrypted,
    KmsKeyId: attributes.KmsKeyId,
    DbClusterResourceId: resourceIdOf('cluster', cluster),
    DBClusterArn: rdsArn(cluster.region, 'cluster', cluster.id),
    AssociatedRoles: xmlList('DBClusterRole', []),
    IAMDatabaseAuthenticationEnabled: attributes.EnableIAMDatabaseAuthentication,
    EnabledCloudwatchLogsExports: xmlList('member', attributes.EnableCloudwatchLogsExports),
    PendingModifiedValues: pendingValues(attributes.PendingModifiedValues),
    EngineMode: 'provisioned',
    StorageType: attributes.StorageType,
    Iops: view.shape === 'aurora' ? null : attributes.Iops,
    AutoMinorVersionUpgrade: attributes.AutoMinorVersionUpgrade,
    DeletionProtection: attributes.DeletionProtection,
    HttpEndpointEnabled: false,
    CopyTagsToSnapshot: attributes.CopyTagsToSnapshot,
    CrossAccountClone: false,
    DomainMemberships: xmlList('DomainMembership', []),
    TagList: xmlList('Tag', tagList(attributes.Tags)),
    MonitoringInterval: attributes.MonitoringInterval,
    NetworkType: 'IPV4',
    CertificateDetails: {
      CAIdentifier: attributes.CACertificateIdentifier,
      ValidTill: timeOrNothing(attributes.CertificateValidTill),
    },
  }
}

/** RDS leaves the element out of a cluster when nothing is pending. */
function pendingValues(pending: Record<string, string | number | boolean>): XmlStructure | null {
  return Object.keys(pending).length > 0 ? pending : null
}
