/** Calls that create, restore or delete servers beside the guarded cluster. */
import { randomBytes } from 'node:crypto'
import { instanceAttributes } from './attributes'
import { instancesIn, isGuarded, type RdsCall, requireCluster, requireInstance } from './call'
import { type Changes, deferrableChanges, immediateChanges } from './changes'
import { AwsError, invalidCombination, invalidValue } from './errors'
import { defaultGroups, keyOf, parameterGroupOf, subnetGroupOf } from './groups'
import { labCallerArn, rdsArn, readRdsArn } from './names'
import type { Parameters } from './parameters'
import { renderCluster } from './render-cluster'
import { clusterIdOf } from './render-instance'
import { engineOf } from './shape'
import { readSnapshotName } from './snapshots'
import type { LabView } from './view'
import { renderedInstance } from './write-roles'
import type { XmlStructure } from './xml'

const identifier = /^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/
/** Names that PostgreSQL, or RDS for PostgreSQL, keeps for itself. */
const reservedNames = [
  'admin',
  'postgres',
  'rdsadmin',
  'rds_superuser',
  'root',
  'user',
  'master',
  'public',
  'current_user',
]
/** Tags of what a run has made: the lab's policy lets nothing else be deleted. */
const deletableTag = 'dr-run'

export function restoreDBClusterToPointInTime(call: RdsCall): XmlStructure {
  const { parameters, region, live, context } = call
  const id = readIdentifier(parameters.required('DBClusterIdentifier'))
  const view = requireCluster(live(), region, parameters.required('SourceDBClusterIdentifier'))
  const at = readTarget(parameters, 'RestoreToTime')
  if (view.clusters.some((cluster) => cluster.id === id)) {
    throw new AwsError('DBClusterAlreadyExistsFault', `DB cluster ${id} already exists.`)
  }
  if (view.cluster.status !== 'available' && view.cluster.status !== 'failing-over') {
    throw new AwsError(
      'InvalidDBClusterStateFault',
      `DB cluster ${view.cluster.id} is in state ${view.cluster.status}.`,
    )
  }
  const parameterGroup = parameterGroupOf(parameters, 'DBClusterParameterGroupName', view.shape)
  const attributes = {
    ...restoredAttributes(call, view.cluster.attributes),
    DBClusterParameterGroupName: parameterGroup,
  }
  context.estate.restoreCluster({ id, sourceId: view.cluster.id, at, attributes })
  return { DBCluster: renderCluster(requireCluster(live(), region, id)) }
}

export function restoreDBInstanceToPointInTime(call: RdsCall): XmlStructure {
  const { parameters, region, live, context } = call
  const view = live()
  const id = readIdentifier(parameters.required('TargetDBInstanceIdentifier'))
  const source = requireInstance(view, region, parameters.required('SourceDBInstanceIdentifier'))
  const at = readTarget(parameters, 'RestoreTime')
  refuseExisting(view, id)
  const sourceAttributes = instanceAttributes(source, view.shape)
  if (clusterIdOf(view, source) !== null)
    throw invalidValue(`${source.id} is a member of a DB cluster: restore the DB cluster.`)
  if (sourceAttributes.BackupRetentionPeriod === 0)
    throw new AwsError('PointInTimeRestoreNotEnabled', `Automated backups of ${source.id} are disabled.`)
  const multiAz = parameters.boolean('MultiAZ') ?? false
  const attributes = {
    ...restoredAttributes(call, sourceAttributes),
    DBInstanceClass: sourceAttributes.DBInstanceClass,
    AllocatedStorage: sourceAttributes.AllocatedStorage,
    ...deferrableChanges(parameters),
    MultiAZ: multiAz,
    DBParameterGroupName: parameterGroupOf(parameters, 'DBParameterGroupName', view.shape),
  }
  context.estate.restoreInstance({ id, sourceId: source.id, at, zone: zoneOf(call, view), attributes })
  return renderedInstance(call, id)
}

/** Not told in the call: what a restore takes from its source, and what it sets back to the defaults. */
function restoredAttributes(
  { parameters, region, live }: RdsCall,
  source: LabView['cluster']['attributes'] | ReturnType<typeof instanceAttributes>,
): Changes {
  const { VpcSecurityGroupIds } = defaultGroups(live().shape)
  const asked = immediateChanges(parameters, region)
  return {
    EngineVersion: source.EngineVersion,
    BackupRetentionPeriod: source.BackupRetentionPeriod,
    PreferredBackupWindow: source.PreferredBackupWindow,
    PreferredMaintenanceWindow: source.PreferredMaintenanceWindow,
    StorageEncrypted: source.StorageEncrypted,
    StorageType: parameters.text('StorageType') ?? source.StorageType,
    Iops: parameters.integer('Iops') ?? source.Iops,
    AllocatedStorage: source.AllocatedStorage,
    KmsKeyId: keyOf(parameters, region) ?? source.KmsKeyId,
    DBSubnetGroupName: subnetGroupOf(parameters),
    VpcSecurityGroupIds,
    DeletionProtection: false,
    CopyTagsToSnapshot: false,
    EnableIAMDatabaseAuthentication: parameters.boolean('EnableIAMDatabaseAuthentication') ?? false,
    EnableCloudwatchLogsExports: parameters.texts('EnableCloudwatchLogsExports') ?? [],
    EnablePerformanceInsights: false,
    Tags: { ...source.Tags, ...parameters.tags() },
    ...asked,
  }
}

export function createDBInstance(call: RdsCall): XmlStructure {
  const { parameters, live, region } = call
  const id = readIdentifier(parameters.required('DBInstanceIdentifier'))
  const instanceClass = parameters.required('DBInstanceClass')
  const engine = parameters.required('Engine')
  const view = live()
  refuseExisting(view, id)
  if (engine !== engineOf(view.shape)) {
    throw invalidCombination(`The engine ${engine} is not the one of this environment, ${engineOf(view.shape)}.`)
  }
  const version = parameters.text('EngineVersion')
  const known = view.cluster.attributes.EngineVersion
  if (version !== null && version !== known && version !== known.split('.')[0])
    throw invalidCombination(`Cannot find version ${version} for ${engine}`)
  const clusterId = parameters.text('DBClusterIdentifier')
  const shared: Changes = {
    ...immediateChanges(parameters, region),
    ...deferrableChanges(parameters),
    EngineVersion: known,
    DBInstanceClass: instanceClass,
    DBParameterGroupName: parameterGroupOf(parameters, 'DBParameterGroupName', view.shape),
    Tags: parameters.tags() ?? {},
  }
  if (clusterId === null) createAlone(call, view, id, shared)
  else createMember(call, requireCluster(view, region, clusterId), id, shared)
  return renderedInstance(call, id)
}

const ofCluster = [
  'MasterUsername',
  'MasterUserPassword',
  'ManageMasterUserPassword',
  'DBName',
  'AllocatedStorage',
  'BackupRetentionPeriod',
  'VpcSecurityGroupIds',
  'DBSubnetGroupName',
  'KmsKeyId',
  'StorageEncrypted',
]

function createMember(call: RdsCall, view: LabView, id: string, shared: Changes): void {
  const { parameters, context } = call
  const wrong = ofCluster.find(
    (member) => parameters.has(member) || Object.keys(parameters.toObject()).includes(member),
  )
  if (wrong)
    throw invalidCombination(
      `The requested DB Instance will be a member of a DB Cluster. Set ${wrong} for the DB Cluster.`,
    )
  if (isGuarded(view))
    throw new AwsError(
      'InsufficientDBInstanceCapacity',
      'This environment has no capacity for another DB instance in this cluster.',
    )
  const { attributes } = view.cluster
  const {
    VpcSecurityGroupIds,
    DBSubnetGroupName,
    KmsKeyId,
    StorageEncrypted,
    BackupRetentionPeriod,
    StorageType,
    AllocatedStorage,
    Iops,
  } = attributes
  context.estate.createMember({
    id,
    clusterId: view.cluster.id,
    zone: zoneOf(call, view),
    attributes: {
      ...{
        VpcSecurityGroupIds,
        DBSubnetGroupName,
        KmsKeyId,
        StorageEncrypted,
        BackupRetentionPeriod,
        StorageType,
        AllocatedStorage,
        Iops,
      },
      EnableCloudwatchLogsExports: attributes.EnableCloudwatchLogsExports,
      EnableIAMDatabaseAuthentication: attributes.EnableIAMDatabaseAuthentication,
      EnablePerformanceInsights: false,
      // Protection is the cluster's.
      DeletionProtection: false,
      ...shared,
    },
  })
}

function createAlone(call: RdsCall, view: LabView, id: string, shared: Changes): void {
  const { parameters, context, region } = call
  const masterUsername = parameters.required('MasterUsername')
  if (!/^[a-z][a-z0-9_]{0,62}$/i.test(masterUsername) || /^pg_/i.test(masterUsername)) {
    throw invalidValue('The parameter MasterUsername is not a valid identifier.')
  }
  if (reservedNames.includes(masterUsername.toLowerCase())) {
    throw invalidValue(`MasterUsername ${masterUsername} cannot be used as it is a reserved word used by the engine`)
  }
  const managed = parameters.boolean('ManageMasterUserPassword') ?? false
  const given = parameters.text('MasterUserPassword')
  if (managed === (given !== null))
    throw invalidCombination('Exactly one of MasterUserPassword and ManageMasterUserPassword must be given.')
  if (given !== null && !/^[^/"@ ]{8,128}$/.test(given))
    throw invalidValue('The parameter MasterUserPassword is not a valid password.')
  if (shared.AllocatedStorage === undefined)
    throw new AwsError('MissingParameter', 'The request must contain the parameter AllocatedStorage.')
  const databaseName = parameters.text('DBName')
  if (databaseName !== null && !/^[a-z_][a-z0-9_]{0,62}$/i.test(databaseName))
    throw invalidValue('The parameter DBName is not valid.')
  const encrypted = parameters.boolean('StorageEncrypted') ?? false
  const key = keyOf(parameters, region)
  if (key !== null && !encrypted) throw invalidCombination('KmsKeyId needs StorageEncrypted.')
  context.estate.createInstance({
    id,
    zone: zoneOf(call, view),
    masterUsername,
    password: given ?? randomBytes(24).toString('base64url'),
    databaseName,
    attributes: {
      ...{
        BackupRetentionPeriod: 1,
        DeletionProtection: false,
        CopyTagsToSnapshot: false,
        EnablePerformanceInsights: false,
      },
      EnableCloudwatchLogsExports: parameters.texts('EnableCloudwatchLogsExports') ?? [],
      VpcSecurityGroupIds: defaultGroups(view.shape).VpcSecurityGroupIds,
      DBSubnetGroupName: subnetGroupOf(parameters),
      StorageEncrypted: encrypted,
      ...(key ? { KmsKeyId: key } : {}),
      ...shared,
      ManageMasterUserPassword: managed,
    },
  })
}

/** What the API refuses for a replica, in whichever region: they are its source's. */
const ofSource = ['Engine', 'MasterUsername', 'MasterUserPassword', 'DBName']

/** The source is named by its identifier within the region, and by its ARN across regions (RDS API reference). */
export function createDBInstanceReadReplica(call: RdsCall): XmlStructure {
  const { parameters, region, live, context } = call
  const id = readIdentifier(parameters.required('DBInstanceIdentifier'))
  const named = parameters.required('SourceDBInstanceIdentifier')
  const view = live()
  refuseExisting(view, id)
  const source = requireInstance(view, readRdsArn(named)?.region ?? region, named)
  const attributes = instanceAttributes(source, view.shape)
  const wrong = ofSource.find((member) => parameters.has(member))
  if (wrong) throw invalidCombination(`${wrong} is taken from the source of a read replica.`)
  if (clusterIdOf(view, source) !== null)
    throw new AwsError(
      'InvalidDBInstanceState',
      `${source.id} is a member of a DB cluster: name the DB cluster as the source.`,
    )
  if (attributes.BackupRetentionPeriod === 0)
    throw new AwsError(
      'InvalidDBInstanceState',
      'Automated backups are not enabled for this database instance. To enable automated backups, use ModifyDBInstance to set the backup retention period to a non-zero value.',
    )
  if (source.status !== 'available')
    throw new AwsError('InvalidDBInstanceState', `DB instance ${source.id} is in state ${source.status}.`)
  const elsewhere = source.region !== region
  const key = keyOf(parameters, region)
  if (elsewhere && attributes.StorageEncrypted && key === null)
    throw invalidCombination(
      'Cannot create a cross region encrypted read replica from an encrypted source without a KMS key of the destination region.',
    )
  if (!elsewhere && key !== null)
    throw invalidCombination('A read replica in the region of its source is encrypted by the key of its source.')
  const { VpcSecurityGroupIds } = defaultGroups(view.shape)
  context.estate.createReplica({
    id,
    sourceId: source.id,
    zone: zoneOf(call, view),
    attributes: {
      ...{ StorageEncrypted: attributes.StorageEncrypted, KmsKeyId: key ?? attributes.KmsKeyId },
      ...{ StorageType: attributes.StorageType, Iops: attributes.Iops, AllocatedStorage: attributes.AllocatedStorage },
      ...{ DBInstanceClass: attributes.DBInstanceClass, MultiAZ: false, EnablePerformanceInsights: false },
      // Neither backups nor protection, groups or tags are taken from the source.
      ...{ BackupRetentionPeriod: 0, DeletionProtection: false, CopyTagsToSnapshot: false, VpcSecurityGroupIds },
      DBSubnetGroupName: subnetGroupOf(parameters),
      EnableIAMDatabaseAuthentication: parameters.boolean('EnableIAMDatabaseAuthentication') ?? false,
      EnableCloudwatchLogsExports: parameters.texts('EnableCloudwatchLogsExports') ?? [],
      ...immediateChanges(parameters, region),
      ...deferrableChanges(parameters),
      EngineVersion: attributes.EngineVersion,
      DBParameterGroupName: parameterGroupOf(parameters, 'DBParameterGroupName', view.shape),
      Tags: parameters.tags() ?? {},
    },
  })
  return renderedInstance(call, id)
}

export function deleteDBInstance(call: RdsCall): XmlStructure {
  const { parameters, region, live, context } = call
  const view = live()
  const node = requireInstance(view, region, parameters.required('DBInstanceIdentifier'))
  const attributes = instanceAttributes(node, view.shape)
  refuseUntagged('DeleteDBInstance', rdsArn(region, 'db', node.id), attributes.Tags)
  if (attributes.DeletionProtection) {
    throw invalidCombination('Cannot delete protected DB Instance, please disable deletion protection and try again.')
  }
  if (!node.made) {
    throw new AwsError('InvalidDBInstanceState', `DB instance ${node.id} belongs to the lab and cannot be deleted.`)
  }
  // The data of a member is its cluster's: nothing is asked about a snapshot.
  const snapshot = node.clusterId === null ? finalSnapshot(parameters, 'FinalDBSnapshotIdentifier') : null
  context.estate.deleteInstance(node.id, snapshot)
  return renderedInstance(call, node.id)
}

export function deleteDBCluster({ parameters, region, live, context }: RdsCall): XmlStructure {
  const view = requireCluster(live(), region, parameters.required('DBClusterIdentifier'))
  const { cluster } = view
  refuseUntagged('DeleteDBCluster', rdsArn(region, 'cluster', cluster.id), cluster.attributes.Tags)
  if (cluster.attributes.DeletionProtection) {
    throw invalidCombination('Cannot delete protected Cluster, please disable deletion protection and try again.')
  }
  if (isGuarded(view)) {
    throw new AwsError(
      'InvalidDBClusterStateFault',
      'Cluster cannot be deleted, it still contains DB instances in non-deleting state.',
    )
  }
  context.estate.deleteCluster(cluster.id, finalSnapshot(parameters, 'FinalDBSnapshotIdentifier'))
  return { DBCluster: renderCluster(requireCluster(live(), region, cluster.id)) }
}

function finalSnapshot(parameters: Parameters, member: string): string | null {
  const name = parameters.text(member)
  const skip = parameters.boolean('SkipFinalSnapshot') ?? false
  if (skip && name !== null) throw invalidCombination(`${member} cannot be specified when skipping a final snapshot.`)
  if (!skip && name === null) throw invalidCombination(`${member} is required unless SkipFinalSnapshot is specified.`)
  return name === null ? null : readSnapshotName(name)
}

/** The policy of the lab's account. */
function refuseUntagged(operation: string, arn: string, tags: Record<string, string>): void {
  if (Object.hasOwn(tags, deletableTag)) return
  throw new AwsError(
    'AccessDenied',
    `User: ${labCallerArn} is not authorized to perform: rds:${operation} on resource: ${arn} because no identity-based policy allows it: the resource has no tag ${deletableTag}`,
  )
}

/** Null is the latest moment. */
function readTarget(parameters: Parameters, member: 'RestoreToTime' | 'RestoreTime'): number | null {
  const latest = parameters.boolean('UseLatestRestorableTime') ?? false
  const at = parameters.time(member)
  if (latest === (at !== null)) {
    throw invalidCombination(`Exactly one of ${member} and UseLatestRestorableTime must be given.`)
  }
  return at
}

function readIdentifier(given: string): string {
  const id = given.toLowerCase()
  if (!identifier.test(id)) throw invalidValue(`Invalid identifier: ${given}`)
  return id
}

/** The zone that was asked for, or the one in which the fewest instances of the region are. */
function zoneOf({ parameters, region }: RdsCall, view: LabView): string {
  const asked = parameters.text('AvailabilityZone')
  const zones = ['a', 'b', 'c'].map((letter) => `${region}${letter}`)
  if (asked !== null && !zones.includes(asked)) throw invalidValue(`Invalid Availability Zone: ${asked}`)
  const made = instancesIn(view, region).filter((node) => node.made)
  const count = (zone: string) => made.filter((node) => node.zone === zone).length
  return asked ?? zones.sort((a, b) => count(a) - count(b) || (a < b ? -1 : 1))[0] ?? `${region}a`
}

function refuseExisting(view: LabView, id: string): void {
  if (view.nodes.some((node) => node.id === id)) {
    throw new AwsError('DBInstanceAlreadyExists', `DB instance ${id} already exists.`)
  }
}
