import { instanceAttributes } from './attributes'
import { clustersIn, instancesIn, type RdsCall, requireCluster } from './call'
import { AwsError } from './errors'
import { nameIn, rdsArn, resourceIdOf } from './names'
import { filtered, page } from './paging'
import { renderCluster, timeOrNothing } from './render-cluster'
import { clusterIdOf } from './render-instance'
import { engineOf } from './shape'
import type { LabView } from './view'
import { type XmlStructure, xmlList } from './xml'

const clusterFilters: Record<string, (view: LabView) => string | null> = {
  'db-cluster-id': (view) => view.cluster.id,
  'db-cluster-resource-id': (view) => resourceIdOf('cluster', view.cluster),
  engine: (view) => engineOf(view.shape),
  'clone-group-id': () => null,
  domain: () => null,
}

export function describeDBClusters({ parameters, view, region }: RdsCall): XmlStructure {
  const id = parameters.text('DBClusterIdentifier')
  const found = id ? [requireCluster(view, region, id)] : clustersIn(view, region)
  const { items, Marker } = page(parameters, filtered(parameters, found, clusterFilters))
  return { Marker, DBClusters: xmlList('DBCluster', items.map(renderCluster)) }
}

export function describeDBClusterAutomatedBackups({ parameters, view, region }: RdsCall): XmlStructure {
  const id = parameters.text('DBClusterIdentifier')
  const wanted = parameters.text('DbClusterResourceId')
  const known = ({ cluster }: LabView) => resourceIdOf('cluster', cluster)
  const shown = clustersIn(view, region).filter(
    (one) =>
      one.cluster.attributes.BackupRetentionPeriod > 0 &&
      (!id || nameIn(id) === one.cluster.id) &&
      (!wanted || wanted === known(one)),
  )
  if (shown.length === 0 && (id || wanted)) {
    throw new AwsError('DBClusterAutomatedBackupNotFoundFault', `No automated backup of ${id ?? wanted} was found.`)
  }
  const { items, Marker } = page(
    parameters,
    filtered(parameters, shown, {
      status: () => 'active',
      'db-cluster-id': ({ cluster }) => cluster.id,
      'db-cluster-resource-id': known,
    }),
  )
  return {
    Marker,
    DBClusterAutomatedBackups: xmlList(
      'DBClusterAutomatedBackup',
      items.map(({ cluster, cluster: { attributes } }) => ({
        Engine: engineOf(view.shape),
        DBClusterAutomatedBackupsArn: rdsArn(cluster.region, 'auto-backup', resourceIdOf('cluster', cluster)),
        DBClusterIdentifier: cluster.id,
        RestoreWindow: {
          EarliestTime: timeOrNothing(cluster.earliestRestorable),
          LatestTime: timeOrNothing(cluster.latestRestorable),
        },
        MasterUsername: cluster.masterUsername,
        DbClusterResourceId: resourceIdOf('cluster', cluster),
        Region: cluster.region,
        LicenseModel: 'postgresql-license',
        Status: 'active',
        IAMDatabaseAuthenticationEnabled: attributes.EnableIAMDatabaseAuthentication,
        StorageEncrypted: attributes.StorageEncrypted,
        AllocatedStorage: attributes.AllocatedStorage,
        EngineVersion: attributes.EngineVersion,
        DBClusterArn: rdsArn(cluster.region, 'cluster', cluster.id),
        BackupRetentionPeriod: attributes.BackupRetentionPeriod,
        PreferredBackupWindow: attributes.PreferredBackupWindow,
        EngineMode: 'provisioned',
        Port: cluster.writerEndpoint.port,
        KmsKeyId: attributes.KmsKeyId,
        StorageType: attributes.StorageType,
      })),
    ),
  }
}

/** Automated backups of instances that keep their own. */
export function describeDBInstanceAutomatedBackups({ parameters, view, region }: RdsCall): XmlStructure {
  const id = parameters.text('DBInstanceIdentifier')
  const wanted = parameters.text('DbiResourceId')
  const shown = instancesIn(view, region).filter(
    (node) =>
      clusterIdOf(view, node) === null &&
      instanceAttributes(node, view.shape).BackupRetentionPeriod > 0 &&
      (!id || nameIn(id) === node.id) &&
      (!wanted || wanted === resourceIdOf('db', node)),
  )
  if (shown.length === 0 && (id || wanted)) {
    throw new AwsError('DBInstanceAutomatedBackupNotFound', `No automated backup of ${id ?? wanted} was found.`)
  }
  const { items, Marker } = page(
    parameters,
    filtered(parameters, shown, {
      status: () => 'active',
      'db-instance-id': (node) => node.id,
      'dbi-resource-id': (node) => resourceIdOf('db', node),
    }),
  )
  return {
    Marker,
    DBInstanceAutomatedBackups: xmlList(
      'DBInstanceAutomatedBackup',
      items.map((node) => {
        const attributes = instanceAttributes(node, view.shape)
        return {
          DBInstanceArn: rdsArn(node.region, 'db', node.id),
          DbiResourceId: resourceIdOf('db', node),
          Region: node.region,
          DBInstanceIdentifier: node.id,
          RestoreWindow: {
            EarliestTime: timeOrNothing(node.restorable.earliest),
            LatestTime: timeOrNothing(node.restorable.latest),
          },
          AllocatedStorage: attributes.AllocatedStorage,
          Status: 'active',
          Port: node.address.port,
          AvailabilityZone: node.zone,
          MasterUsername: node.masterUsername,
          Engine: engineOf(view.shape),
          EngineVersion: attributes.EngineVersion,
          LicenseModel: 'postgresql-license',
          OptionGroupName: attributes.OptionGroupName,
          Encrypted: attributes.StorageEncrypted,
          StorageType: attributes.StorageType,
          KmsKeyId: attributes.KmsKeyId,
          IAMDatabaseAuthenticationEnabled: attributes.EnableIAMDatabaseAuthentication,
          BackupRetentionPeriod: attributes.BackupRetentionPeriod,
          DBInstanceAutomatedBackupsArn: rdsArn(node.region, 'auto-backup', resourceIdOf('db', node)),
          BackupTarget: 'region',
        }
      }),
    ),
  }
}
