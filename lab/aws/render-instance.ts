import type { LabNode } from '../contract'
import { instanceAttributes } from './attributes'
import { hostedZoneId, rdsArn, resourceIdOf, secretArn } from './names'
import { securityGroups, tagList, timeOrNothing } from './render-cluster'
import { renderSubnetGroup } from './render-network'
import { engineOf } from './shape'
import { type LabView, type NodeView, sourceOf } from './view'
import { type XmlStructure, xmlList } from './xml'

/** The cluster that the API shows an instance to be in; the `instance` shape has none. */
export function clusterIdOf(view: LabView, node: LabNode): string | null {
  return view.shape === 'instance' ? null : node.clusterId
}

/** Within a region replicas are named by their id, across regions by ARN. */
function replicaName(from: LabNode, other: LabNode): string {
  return from.region === other.region ? other.id : rdsArn(other.region, 'db', other.id)
}

/** Where the standby of a Multi-AZ instance is. */
function secondaryZone(node: LabNode): string {
  const told = node.attributes.SecondaryAvailabilityZone
  return typeof told === 'string' ? told : `${node.region}${node.zone.endsWith('b') ? 'a' : 'b'}`
}

/** A DBInstance as DescribeDBInstances and the calls that change one write it. */
export function renderInstance(view: LabView, node: NodeView): XmlStructure {
  const attributes = instanceAttributes(node, view.shape)
  const clusterId = clusterIdOf(view, node)
  const source = sourceOf(view, node)
  const replicas = view.nodes.filter((other) => sourceOf(view, other)?.id === node.id)
  const cluster = view.clusters.find(({ id }) => id === clusterId)
  const latest = cluster ? cluster.latestRestorable : node.restorable.latest
  return {
    DBInstanceIdentifier: node.id,
    DBInstanceClass: attributes.DBInstanceClass,
    Engine: engineOf(view.shape),
    DBInstanceStatus: node.status,
    MasterUsername: node.masterUsername,
    DBName: node.databaseName,
    InstanceCreateTime: node.status === 'creating' ? null : new Date(node.createdAt),
    // An instance has no address before it exists.
    Endpoint:
      node.status === 'creating'
        ? null
        : {
            Address: node.address.host,
            Port: node.address.port,
            HostedZoneId: hostedZoneId(node.region),
          },
    AllocatedStorage: attributes.AllocatedStorage,
    PreferredBackupWindow: attributes.PreferredBackupWindow,
    BackupRetentionPeriod: attributes.BackupRetentionPeriod,
    DBSecurityGroups: xmlList('DBSecurityGroup', []),
    VpcSecurityGroups: securityGroups(attributes.VpcSecurityGroupIds),
    DBParameterGroups: xmlList('DBParameterGroup', [
      { DBParameterGroupName: attributes.DBParameterGroupName, ParameterApplyStatus: 'in-sync' },
    ]),
    AvailabilityZone: node.zone,
    DBSubnetGroup: renderSubnetGroup(view, node.region, attributes.DBSubnetGroupName),
    PreferredMaintenanceWindow: attributes.PreferredMaintenanceWindow,
    PendingModifiedValues: attributes.PendingModifiedValues,
    LatestRestorableTime: attributes.BackupRetentionPeriod > 0 ? timeOrNothing(latest) : null,
    MultiAZ: attributes.MultiAZ,
    SecondaryAvailabilityZone: attributes.MultiAZ ? secondaryZone(node) : null,
    EngineVersion: attributes.EngineVersion,
    AutoMinorVersionUpgrade: attributes.AutoMinorVersionUpgrade,
    ReadReplicaSourceDBInstanceIdentifier: source ? replicaName(node, source) : null,
    ReadReplicaDBInstanceIdentifiers: xmlList(
      'ReadReplicaDBInstanceIdentifier',
      replicas.map((replica) => replicaName(node, replica)),
    ),
    LicenseModel: 'postgresql-license',
    Iops: view.shape === 'aurora' ? null : attributes.Iops,
    OptionGroupMemberships: xmlList('OptionGroupMembership', [
      { OptionGroupName: attributes.OptionGroupName, Status: 'in-sync' },
    ]),
    PubliclyAccessible: attributes.PubliclyAccessible,
    StatusInfos: source ? xmlList('DBInstanceStatusInfo', [replicationStatus(node, source)]) : null,
    StorageType: attributes.StorageType,
    DbInstancePort: 0,
    DBClusterIdentifier: clusterId,
    StorageEncrypted: attributes.StorageEncrypted,
    KmsKeyId: attributes.KmsKeyId,
    DbiResourceId: resourceIdOf('db', node),
    CACertificateIdentifier: attributes.CACertificateIdentifier,
    DomainMemberships: xmlList('DomainMembership', []),
    CopyTagsToSnapshot: attributes.CopyTagsToSnapshot,
    MonitoringInterval: attributes.MonitoringInterval,
    PromotionTier: clusterId === null ? null : attributes.PromotionTier,
    DBInstanceArn: rdsArn(node.region, 'db', node.id),
    IAMDatabaseAuthenticationEnabled: attributes.EnableIAMDatabaseAuthentication,
    PerformanceInsightsEnabled: attributes.EnablePerformanceInsights,
    EnabledCloudwatchLogsExports: xmlList('member', attributes.EnableCloudwatchLogsExports),
    DeletionProtection: attributes.DeletionProtection,
    AssociatedRoles: xmlList('DBInstanceRole', []),
    TagList: xmlList('Tag', tagList(attributes.Tags)),
    CustomerOwnedIpEnabled: false,
    NetworkType: 'IPV4',
    MasterUserSecret: attributes.ManageMasterUserPassword
      ? { SecretArn: secretArn(node.region, node.id), SecretStatus: 'active', KmsKeyId: attributes.KmsKeyId }
      : null,
    BackupTarget: 'region',
    CertificateDetails: {
      CAIdentifier: attributes.CACertificateIdentifier,
      ValidTill: timeOrNothing(attributes.CertificateValidTill),
    },
  }
}

/** RDS tells this of read replicas only, from what it sees of their processes; a cut link goes unseen for a while. */
function replicationStatus(node: LabNode, source: LabNode): XmlStructure {
  const working = node.running && !node.frozen && source.running
  return {
    StatusType: 'read replication',
    Normal: working,
    Status: working ? 'replicating' : 'error',
    Message: working ? null : `Replication from ${source.id} is not running.`,
  }
}
