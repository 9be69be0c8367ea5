/** What does not change while the lab runs: versions, classes, subnets, parameters, maintenance, tags. */
import type { LabSnapshot } from '../contract'
import { instanceAttributes } from './attributes'
import { instancesIn, type RdsCall, requireCluster, requireInstance } from './call'
import { AwsError, invalidValue } from './errors'
import { parameterGroups, subnetGroups } from './groups'
import { rdsArn, readRdsArn } from './names'
import { filtered, page } from './paging'
import { tagList } from './render-cluster'
import { renderSubnetGroup } from './render-network'
import { engineOf } from './shape'
import { requireSnapshot, snapshotTags } from './snapshots'
import type { LabView, NodeView } from './view'
import { type XmlStructure, xmlList } from './xml'

/** The one version that the lab's servers can run, under the engine names of the shape. */
export function describeDBEngineVersions({ parameters, view }: RdsCall): XmlStructure {
  const engine = engineOf(view.shape)
  const version = view.cluster.attributes.EngineVersion
  const major = version.split('.')[0] ?? version
  const family = `${engine}${major}`
  const wanted = (name: string, value: string) => (parameters.text(name) ?? value) === value
  const askedVersion = parameters.text('EngineVersion')
  const shown =
    wanted('Engine', engine) &&
    wanted('DBParameterGroupFamily', family) &&
    (askedVersion === null || askedVersion === version || askedVersion === major)
  const { items, Marker } = page(
    parameters,
    filtered(parameters, shown ? [version] : [], {
      'db-parameter-group-family': () => family,
      engine: () => engine,
      'engine-version': () => version,
      'engine-mode': () => 'provisioned',
      status: () => 'available',
    }),
  )
  return {
    Marker,
    DBEngineVersions: xmlList(
      'DBEngineVersion',
      items.map(() => ({
        Engine: engine,
        MajorEngineVersion: major,
        EngineVersion: version,
        DBParameterGroupFamily: family,
        DBEngineDescription: engine === 'postgres' ? 'PostgreSQL' : 'Aurora (PostgreSQL)',
        DBEngineVersionDescription: `${engine === 'postgres' ? 'PostgreSQL' : 'Aurora PostgreSQL'} ${version}`,
        ValidUpgradeTarget: xmlList('UpgradeTarget', []),
        SupportsLogExportsToCloudwatchLogs: true,
        SupportsReadReplica: engine === 'postgres',
        SupportedFeatureNames: xmlList('member', []),
        Status: 'available',
        SupportsParallelQuery: false,
        SupportsGlobalDatabases: engine === 'aurora-postgresql',
        SupportedCACertificateIdentifiers: xmlList('member', [view.cluster.attributes.CACertificateIdentifier]),
      })),
    ),
  }
}

const classes = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge'].map((size) => `db.r6g.${size}`)

export function describeOrderableDBInstanceOptions({ parameters, view, region }: RdsCall): XmlStructure {
  const engine = engineOf(view.shape)
  const version = view.cluster.attributes.EngineVersion
  const askedClass = parameters.text('DBInstanceClass')
  const askedVersion = parameters.text('EngineVersion')
  const zones = [...new Set(instancesIn(view, region).map((node) => node.zone))].sort()
  const known =
    parameters.required('Engine') === engine && (askedVersion ?? version) === version && zones.length > 0 ? classes : []
  const found = known.filter((instanceClass) => !askedClass || instanceClass === askedClass)
  const { items, Marker } = page(parameters, filtered(parameters, found, {}))
  return {
    Marker,
    OrderableDBInstanceOptions: xmlList(
      'OrderableDBInstanceOption',
      items.map((instanceClass) => ({
        Engine: engine,
        EngineVersion: version,
        DBInstanceClass: instanceClass,
        LicenseModel: 'postgresql-license',
        AvailabilityZones: xmlList(
          'AvailabilityZone',
          zones.map((Name) => ({ Name })),
        ),
        MultiAZCapable: engine === 'postgres',
        ReadReplicaCapable: engine === 'postgres',
        Vpc: true,
        SupportsStorageEncryption: true,
        StorageType: view.shape === 'aurora' ? 'aurora' : 'gp3',
        SupportsIops: engine === 'postgres',
        SupportsEnhancedMonitoring: true,
        SupportsIAMDatabaseAuthentication: true,
        SupportsPerformanceInsights: true,
        SupportedEngineModes: xmlList('member', ['provisioned']),
        SupportsKerberosAuthentication: true,
        OutpostCapable: false,
        SupportsClusters: view.shape !== 'instance',
        SupportedNetworkTypes: xmlList('member', ['IPV4']),
      })),
    ),
  }
}

export function describeDBSubnetGroups({ parameters, view, region }: RdsCall): XmlStructure {
  const names = new Set(subnetGroups)
  const wanted = parameters.text('DBSubnetGroupName')
  const found = [...names].filter((name) => !wanted || name === wanted.toLowerCase())
  if (wanted && found.length === 0) {
    throw new AwsError('DBSubnetGroupNotFoundFault', `DB subnet group '${wanted}' does not exist.`)
  }
  const { items, Marker } = page(parameters, filtered(parameters, found, {}))
  return {
    Marker,
    DBSubnetGroups: xmlList(
      'DBSubnetGroup',
      items.map((name) => renderSubnetGroup(view, region, name)),
    ),
  }
}

// The settings that the lab's servers are started with (its contract); others are not known here.
const serverParameters: [name: string, value: string, type: 'static' | 'dynamic', data: string][] = [
  ['archive_timeout', '10', 'dynamic', 'integer'],
  ['hot_standby', 'on', 'static', 'boolean'],
  ['recovery_target_timeline', 'latest', 'static', 'string'],
  ['wal_level', 'replica', 'static', 'string'],
  ['wal_log_hints', 'on', 'static', 'boolean'],
]

export function describeDBClusterParameters({ parameters, view, region }: RdsCall): XmlStructure {
  const name = parameters.required('DBClusterParameterGroupName')
  const source = parameters.text('Source')
  const known = view.shape !== 'instance' && region === view.cluster.region
  if (!known || !parameterGroups(view.shape).includes(name)) {
    throw new AwsError('DBParameterGroupNotFound', `DBClusterParameterGroup not found: ${name}`)
  }
  // Nobody has set anything in a default group.
  const found = serverParameters.filter(() => (!source || source === 'user') && !name.startsWith('default.'))
  const { items, Marker } = page(parameters, filtered(parameters, found, { 'parameter-name': (item) => item[0] }))
  return {
    Parameters: xmlList(
      'Parameter',
      items.map(([ParameterName, ParameterValue, ApplyType, DataType]) => ({
        ParameterName,
        ParameterValue,
        Source: 'user',
        ApplyType,
        DataType,
        IsModifiable: true,
        ApplyMethod: ApplyType === 'dynamic' ? 'immediate' : 'pending-reboot',
      })),
    ),
    Marker,
  }
}

/** Maintenance waits for the instances that a fault says so of; a resource that does not exist is refused. */
export function describePendingMaintenanceActions({ parameters, view, region }: RdsCall): XmlStructure {
  const arn = parameters.text('ResourceIdentifier')
  const asked = arn ? requireResource(view, region, arn) : null
  const due = instancesIn(view, region).filter(
    (node) =>
      node.attributes.maintenanceDue === true && (asked === null || (asked.kind === 'db' && asked.node.id === node.id)),
  )
  const filters = { 'db-cluster-id': () => null, 'db-instance-id': (node: NodeView) => node.id }
  const { items, Marker } = page(parameters, filtered(parameters, due, filters))
  return {
    PendingMaintenanceActions: xmlList(
      'ResourcePendingMaintenanceActions',
      items.map((node) => ({
        ResourceIdentifier: rdsArn(node.region, 'db', node.id),
        PendingMaintenanceActionDetails: xmlList('PendingMaintenanceAction', [
          { Action: 'system-update', Description: 'New Operating System update is available' },
        ]),
      })),
    ),
    Marker,
  }
}

export function listTagsForResource({ parameters, view, region }: RdsCall): XmlStructure {
  const resource = requireResource(view, region, parameters.required('ResourceName'))
  return { TagList: xmlList('Tag', tagList(tagsOf(resource, view))) }
}

function tagsOf(resource: Resource, view: RdsCall['view']): Record<string, string> {
  switch (resource.kind) {
    case 'cluster':
      return resource.view.cluster.attributes.Tags
    case 'db':
      return instanceAttributes(resource.node, view.shape).Tags
    case 'snapshot':
      return snapshotTags(resource.snapshot)
  }
}

export type Resource =
  | { kind: 'cluster'; view: LabView }
  | { kind: 'db'; node: NodeView }
  | { kind: 'snapshot'; snapshot: LabSnapshot }

/** What an ARN names. Throws InvalidParameterValue, DBClusterNotFoundFault, DBInstanceNotFound... */
export function requireResource(view: LabView, region: string, arn: string): Resource {
  const read = readRdsArn(arn)
  switch (read?.kind) {
    case 'cluster':
      return { kind: 'cluster', view: requireCluster(view, region, arn) }
    case 'db':
      return { kind: 'db', node: requireInstance(view, region, arn) }
    case 'cluster-snapshot':
      return { kind: 'snapshot', snapshot: requireSnapshot(view, region, 'cluster', read.name) }
    case 'snapshot':
      return { kind: 'snapshot', snapshot: requireSnapshot(view, region, 'db', read.name) }
    default:
      throw invalidValue(`Invalid resource name: ${arn}`)
  }
}
