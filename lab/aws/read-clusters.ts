import { clusterVisible, type RdsCall, requireCluster } from './call'
import { AwsError } from './errors'
import { nameIn, rdsArn, resourceId } from './names'
import { filtered, page } from './paging'
import { renderCluster, tagList, timeOrNothing } from './render-cluster'
import { engineOf } from './shape'
import { type LabView, memberNodes } from './view'
import { type XmlStructure, xmlList } from './xml'

const clusterFilters: Record<string, (view: LabView) => string | null> = {
  'db-cluster-id': (view) => view.cluster.id,
  'db-cluster-resource-id': (view) => resourceId('cluster', view.cluster.id),
  engine: (view) => engineOf(view.shape),
  'clone-group-id': () => null,
  domain: () => null,
}

export function describeDBClusters({ parameters, view, region }: RdsCall): XmlStructure {
  const id = parameters.text('DBClusterIdentifier')
  const found = id ? [requireCluster(view, region, id)] : clusterVisible(view, region) ? [view] : []
  const { items, Marker } = page(parameters, filtered(parameters, found, clusterFilters))
  return { Marker, DBClusters: xmlList('DBCluster', items.map(renderCluster)) }
}

/** The base backup from which the oldest restorable moment comes, as the automated snapshot that it is. */
export function describeDBClusterSnapshots({ parameters, view, region }: RdsCall): XmlStructure {
  const snapshots = automatedSnapshots(view, region)
  const id = parameters.text('DBClusterSnapshotIdentifier')
  const clusterId = parameters.text('DBClusterIdentifier')
  const type = parameters.text('SnapshotType')
  const found = snapshots.filter(
    (snapshot) =>
      (!id || snapshot.DBClusterSnapshotIdentifier === nameIn(id)) &&
      (!clusterId || snapshot.DBClusterIdentifier === nameIn(clusterId)) &&
      (!type || snapshot.SnapshotType === type),
  )
  if (id && found.length === 0) {
    throw new AwsError('DBClusterSnapshotNotFoundFault', `DBClusterSnapshot ${id} not found.`)
  }
  const { items, Marker } = page(
    parameters,
    filtered(parameters, found, {
      'db-cluster-id': (snapshot) => snapshot.DBClusterIdentifier,
      'db-cluster-snapshot-id': (snapshot) => snapshot.DBClusterSnapshotIdentifier,
      'snapshot-type': (snapshot) => snapshot.SnapshotType,
      engine: (snapshot) => snapshot.Engine,
    }),
  )
  return { Marker, DBClusterSnapshots: xmlList('DBClusterSnapshot', items) }
}

function automatedSnapshots(view: LabView, region: string) {
  const { cluster } = view
  if (!clusterVisible(view, region) || cluster.earliestRestorable === null) return []
  const created = new Date(cluster.earliestRestorable)
  const stamp = created.toISOString().slice(0, 16).replace(/[T:]/g, '-')
  const name = `rds:${cluster.id}-${stamp}`
  return [
    {
      AvailabilityZones: xmlList('AvailabilityZone', [...new Set(memberNodes(view).map((node) => node.zone))].sort()),
      DBClusterSnapshotIdentifier: name,
      DBClusterIdentifier: cluster.id,
      SnapshotCreateTime: created,
      Engine: engineOf(view.shape),
      EngineMode: 'provisioned',
      AllocatedStorage: cluster.attributes.AllocatedStorage,
      Status: 'available',
      Port: cluster.writerEndpoint.port,
      MasterUsername: cluster.masterUsername,
      EngineVersion: cluster.attributes.EngineVersion,
      LicenseModel: 'postgresql-license',
      SnapshotType: 'automated',
      PercentProgress: 100,
      StorageEncrypted: cluster.attributes.StorageEncrypted,
      KmsKeyId: cluster.attributes.KmsKeyId,
      DBClusterSnapshotArn: rdsArn(cluster.region, 'cluster-snapshot', name),
      IAMDatabaseAuthenticationEnabled: cluster.attributes.EnableIAMDatabaseAuthentication,
      TagList: xmlList('Tag', tagList(cluster.attributes.Tags)),
      StorageType: cluster.attributes.StorageType,
      DbClusterResourceId: resourceId('cluster', cluster.id),
    },
  ]
}

export function describeDBClusterAutomatedBackups({ parameters, view, region }: RdsCall): XmlStructure {
  const { cluster } = view
  const { attributes } = cluster
  const id = parameters.text('DBClusterIdentifier')
  const wanted = parameters.text('DbClusterResourceId')
  const known = resourceId('cluster', cluster.id)
  const keepsBackups = clusterVisible(view, region) && attributes.BackupRetentionPeriod > 0
  const shown = keepsBackups && (!id || nameIn(id) === cluster.id) && (!wanted || wanted === known)
  if (!shown && (id || wanted)) {
    throw new AwsError('DBClusterAutomatedBackupNotFoundFault', `No automated backup of ${id ?? wanted} was found.`)
  }
  const { items, Marker } = page(
    parameters,
    filtered(parameters, shown ? [view] : [], {
      status: () => 'active',
      'db-cluster-id': () => cluster.id,
      'db-cluster-resource-id': () => known,
    }),
  )
  return {
    Marker,
    DBClusterAutomatedBackups: xmlList(
      'DBClusterAutomatedBackup',
      items.map(() => ({
        Engine: engineOf(view.shape),
        DBClusterAutomatedBackupsArn: rdsArn(cluster.region, 'auto-backup', known),
        DBClusterIdentifier: cluster.id,
        RestoreWindow: {
          EarliestTime: timeOrNothing(cluster.earliestRestorable),
          LatestTime: timeOrNothing(cluster.latestRestorable),
        },
        MasterUsername: cluster.masterUsername,
        DbClusterResourceId: known,
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
