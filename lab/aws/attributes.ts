/**
 * What the API tells about a resource beyond its roles and servers. Keys are the API's member names; what a call has
 * changed lies over the defaults below, which are those of a production cluster of this kind.
 */
import type { LabNode, LabShape } from '../contract'
import { productionGroups } from './groups'
import { labAccountId, productionGroup } from './names'

export interface SharedAttributes {
  EngineVersion: string
  BackupRetentionPeriod: number
  PreferredBackupWindow: string
  PreferredMaintenanceWindow: string
  VpcSecurityGroupIds: string[]
  DBSubnetGroupName: string
  StorageEncrypted: boolean
  KmsKeyId: string
  StorageType: string
  AllocatedStorage: number
  Iops: number
  DeletionProtection: boolean
  CopyTagsToSnapshot: boolean
  AutoMinorVersionUpgrade: boolean
  EnableIAMDatabaseAuthentication: boolean
  CACertificateIdentifier: string
  /** When the server's certificate ends, ms; null while the lab does not know one. */
  CertificateValidTill: number | null
  MonitoringInterval: number
  EnableCloudwatchLogsExports: string[]
  Tags: Record<string, string>
  /** Changes that wait for the maintenance window. */
  PendingModifiedValues: Record<string, string | number | boolean>
}

export interface ClusterAttributes extends SharedAttributes {
  DBClusterParameterGroupName: string
}

export interface InstanceAttributes extends SharedAttributes {
  DBInstanceClass: string
  DBParameterGroupName: string
  OptionGroupName: string
  MultiAZ: boolean
  PubliclyAccessible: boolean
  PromotionTier: number
  EnablePerformanceInsights: boolean
  /** RDS keeps the master password; it is read from Secrets Manager. */
  ManageMasterUserPassword: boolean
}

function sharedDefaults(shape: LabShape, region: string): SharedAttributes {
  return {
    EngineVersion: '15.18',
    BackupRetentionPeriod: 7,
    PreferredBackupWindow: '09:00-09:30',
    PreferredMaintenanceWindow: 'sun:10:00-sun:10:30',
    VpcSecurityGroupIds: [productionGroup(region)],
    DBSubnetGroupName: productionGroups.subnet,
    StorageEncrypted: true,
    KmsKeyId: `arn:aws:kms:${region}:${labAccountId}:key/5b1e6c1e-6c61-4c0e-9a52-0d6cb4f7a001`,
    StorageType: shape === 'aurora' ? 'aurora' : 'gp3',
    AllocatedStorage: shape === 'aurora' ? 1 : 500,
    Iops: 12_000,
    DeletionProtection: true,
    CopyTagsToSnapshot: true,
    AutoMinorVersionUpgrade: false,
    EnableIAMDatabaseAuthentication: false,
    CACertificateIdentifier: 'rds-ca-rsa2048-g1',
    CertificateValidTill: null,
    MonitoringInterval: 0,
    EnableCloudwatchLogsExports: ['postgresql'],
    Tags: { environment: 'production', service: 'castmatch', ...(shape === 'hybrid' ? { 'dr-lab': 'hybrid' } : {}) },
    PendingModifiedValues: {},
  }
}

export function clusterDefaults(shape: LabShape, region: string): ClusterAttributes {
  return { ...sharedDefaults(shape, region), DBClusterParameterGroupName: productionGroups.parameters }
}

/** Everything known about a node, its own attributes first. */
export function instanceAttributes(node: LabNode, shape: LabShape): InstanceAttributes {
  const replica = node.clusterId === null || (shape === 'instance' && node.replicaSourceId !== null)
  const defaults: InstanceAttributes = {
    ...sharedDefaults(shape, node.region),
    DBInstanceClass: 'db.r6g.2xlarge',
    DBParameterGroupName: productionGroups.parameters,
    OptionGroupName: 'default:postgres-15',
    MultiAZ: false,
    PubliclyAccessible: false,
    PromotionTier: node.promotionTier,
    EnablePerformanceInsights: true,
    ManageMasterUserPassword: false,
    // A read replica outside a cluster takes no backups of its own until it is promoted and told to.
    BackupRetentionPeriod: replica ? 0 : 7,
    DeletionProtection: !replica,
  }
  return overlay(defaults, node.attributes)
}

/** Changes over defaults; a change of another type than the default is not ours and is left aside. */
export function overlay<T extends object>(defaults: T, changes: Record<string, unknown>): T {
  const result = { ...defaults }
  for (const key of Object.keys(defaults) as (keyof T & string)[]) {
    const change = changes[key]
    if (change === undefined || change === null) continue
    const plain = defaults[key]
    const fits = plain === null ? typeof change === 'number' : typeof change === typeof plain
    if (fits && Array.isArray(change) === Array.isArray(plain)) result[key] = change as T[keyof T & string]
  }
  return result
}
