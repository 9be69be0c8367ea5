/** Snapshots of clusters and instances: the automated ones are base backups, the manual ones are kept until deleted. */
import type { LabSnapshot } from '../contract'
import { instanceAttributes } from './attributes'
import { clustersIn, instancesIn, type RdsCall, requireCluster, requireInstance } from './call'
import { AwsError, invalidValue } from './errors'
import { nameIn, rdsArn, resourceId } from './names'
import { filtered, page } from './paging'
import { tagList } from './render-cluster'
import { clusterIdOf } from './render-instance'
import { engineOf } from './shape'
import { type LabView, memberNodes } from './view'
import { type XmlStructure, xmlList } from './xml'

type Kind = LabSnapshot['kind']
type Shown = LabSnapshot & { type: 'automated' | 'manual' }

export function snapshotTags({ attributes: { Tags: tags } }: LabSnapshot): Record<string, string> {
  return typeof tags === 'object' && tags !== null
    ? Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, String(value)]))
    : {}
}

/** Throws DBClusterSnapshotNotFoundFault, DBSnapshotNotFound. */
export function requireSnapshot(view: LabView, region: string, kind: Kind, identifier: string): LabSnapshot {
  const id = nameIn(identifier)
  const found = view.snapshots.find((one) => one.kind === kind && one.id === id && one.region === region)
  if (!found) throw notFound(kind, identifier)
  return found
}

function notFound(kind: Kind, identifier: string): AwsError {
  return kind === 'cluster'
    ? new AwsError('DBClusterSnapshotNotFoundFault', `DBClusterSnapshot ${identifier} not found.`)
    : new AwsError('DBSnapshotNotFound', `DBSnapshot ${identifier} not found.`)
}

/** The base backup from which the oldest restorable moment comes, as the automated snapshot that it is. */
function automated(view: LabView, region: string, kind: Kind): Shown[] {
  const sources =
    kind === 'cluster'
      ? clustersIn(view, region).map(({ cluster }) => ({ ...cluster, at: cluster.earliestRestorable }))
      : instancesIn(view, region)
          .filter((node) => clusterIdOf(view, node) === null)
          .map((node) => ({ ...node, at: node.restorable.earliest }))
  return sources.flatMap(({ id: sourceId, at, attributes }) => {
    if (at === null) return []
    const stamp = new Date(at).toISOString().slice(0, 16).replace(/[T:]/g, '-')
    const id = `rds:${sourceId}-${stamp}`
    return [{ id, kind, sourceId, region, at, status: 'available', attributes: { ...attributes }, type: 'automated' }]
  })
}

function snapshotPage({ parameters, view, region }: RdsCall, kind: Kind): { Marker: string | null; items: Shown[] } {
  const [snapshotMember, sourceMember] =
    kind === 'cluster'
      ? ['DBClusterSnapshotIdentifier', 'DBClusterIdentifier']
      : ['DBSnapshotIdentifier', 'DBInstanceIdentifier']
  const id = parameters.text(snapshotMember)
  const sourceId = parameters.text(sourceMember)
  const type = parameters.text('SnapshotType')
  const manual = view.snapshots
    .filter((one) => one.kind === kind && one.region === region)
    .map((one): Shown => ({ ...one, type: 'manual' }))
  const found = [...automated(view, region, kind), ...manual].filter(
    (one) =>
      (!id || one.id === nameIn(id)) &&
      (!sourceId || one.sourceId === nameIn(sourceId)) &&
      (!type || one.type === type),
  )
  if (id && found.length === 0) throw notFound(kind, id)
  return page(
    parameters,
    filtered(parameters, found, {
      [kind === 'cluster' ? 'db-cluster-id' : 'db-instance-id']: (one) => one.sourceId,
      [kind === 'cluster' ? 'db-cluster-snapshot-id' : 'db-snapshot-id']: (one) => one.id,
      'snapshot-type': (one) => one.type,
      engine: () => engineOf(view.shape),
    }),
  )
}

export function describeDBClusterSnapshots(call: RdsCall): XmlStructure {
  const { Marker, items } = snapshotPage(call, 'cluster')
  return {
    Marker,
    DBClusterSnapshots: xmlList(
      'DBClusterSnapshot',
      items.map((one) => renderClusterSnapshot(call.view, one)),
    ),
  }
}

export function describeDBSnapshots(call: RdsCall): XmlStructure {
  const { Marker, items } = snapshotPage(call, 'db')
  return {
    Marker,
    DBSnapshots: xmlList(
      'DBSnapshot',
      items.map((one) => renderSnapshot(call.view, one)),
    ),
  }
}

const known = (attributes: Record<string, unknown>, name: string) => {
  const value = attributes[name]
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

function shared(view: LabView, one: Shown): XmlStructure {
  return {
    SnapshotCreateTime: new Date(one.at),
    Engine: engineOf(view.shape),
    EngineVersion: known(one.attributes, 'EngineVersion'),
    AllocatedStorage: known(one.attributes, 'AllocatedStorage'),
    Status: one.status,
    Port: view.cluster.writerEndpoint.port,
    MasterUsername: view.cluster.masterUsername,
    LicenseModel: 'postgresql-license',
    SnapshotType: one.type,
    PercentProgress: one.status === 'available' ? 100 : 0,
    KmsKeyId: known(one.attributes, 'KmsKeyId'),
    StorageType: known(one.attributes, 'StorageType'),
    TagList: xmlList('Tag', tagList(snapshotTags(one))),
  }
}

function renderClusterSnapshot(view: LabView, one: Shown): XmlStructure {
  const zones = [...new Set(memberNodes(view).map((node) => node.zone))].sort()
  return {
    ...shared(view, one),
    AvailabilityZones: xmlList('AvailabilityZone', zones),
    DBClusterSnapshotIdentifier: one.id,
    DBClusterIdentifier: one.sourceId,
    EngineMode: 'provisioned',
    StorageEncrypted: known(one.attributes, 'StorageEncrypted'),
    IAMDatabaseAuthenticationEnabled: known(one.attributes, 'EnableIAMDatabaseAuthentication'),
    DBClusterSnapshotArn: rdsArn(one.region, 'cluster-snapshot', one.id),
    DbClusterResourceId: resourceId('cluster', one.sourceId),
  }
}

function renderSnapshot(view: LabView, one: Shown): XmlStructure {
  return {
    ...shared(view, one),
    DBSnapshotIdentifier: one.id,
    DBInstanceIdentifier: one.sourceId,
    Encrypted: known(one.attributes, 'StorageEncrypted'),
    DBSnapshotArn: rdsArn(one.region, 'snapshot', one.id),
    DbiResourceId: resourceId('db', one.sourceId),
    SnapshotTarget: 'region',
  }
}

const snapshotName = /^[a-z](?!.*--)[a-z0-9-]{0,253}[a-z0-9]$/

/** Throws InvalidParameterValue. */
export function readSnapshotName(identifier: string): string {
  const id = identifier.toLowerCase()
  if (!snapshotName.test(id)) throw invalidValue(`Invalid snapshot identifier: ${identifier}`)
  return id
}

export function createDBClusterSnapshot({ parameters, live, region, context }: RdsCall): XmlStructure {
  const id = readSnapshotName(parameters.required('DBClusterSnapshotIdentifier'))
  const view = requireCluster(live(), region, parameters.required('DBClusterIdentifier'))
  const { cluster } = view
  const attributes = { ...cluster.attributes, Tags: parameters.tags() ?? copiedTags(cluster.attributes) }
  context.estate.createSnapshot({ id, kind: 'cluster', sourceId: cluster.id, region, attributes })
  return {
    DBClusterSnapshot: renderClusterSnapshot(view, {
      ...requireSnapshot(live(), region, 'cluster', id),
      type: 'manual',
    }),
  }
}

export function createDBSnapshot({ parameters, live, region, context }: RdsCall): XmlStructure {
  const id = readSnapshotName(parameters.required('DBSnapshotIdentifier'))
  const view = live()
  const node = requireInstance(view, region, parameters.required('DBInstanceIdentifier'))
  if (clusterIdOf(view, node) !== null)
    throw new AwsError('InvalidParameterValue', `${node.id} is a member of a DB cluster: create a DB cluster snapshot.`)
  const own = instanceAttributes(node, view.shape)
  const attributes = { ...own, Tags: parameters.tags() ?? copiedTags(own) }
  context.estate.createSnapshot({ id, kind: 'db', sourceId: node.id, region, attributes })
  return { DBSnapshot: renderSnapshot(view, { ...requireSnapshot(live(), region, 'db', id), type: 'manual' }) }
}

const copiedTags = (of: { CopyTagsToSnapshot: boolean; Tags: Record<string, string> }) =>
  of.CopyTagsToSnapshot ? of.Tags : {}

export function deleteDBClusterSnapshot({ parameters, live, region, context }: RdsCall): XmlStructure {
  const view = live()
  const snapshot = requireSnapshot(view, region, 'cluster', parameters.required('DBClusterSnapshotIdentifier'))
  context.estate.deleteSnapshot(snapshot.kind, snapshot.id)
  return { DBClusterSnapshot: renderClusterSnapshot(view, { ...snapshot, type: 'manual' }) }
}

export function deleteDBSnapshot({ parameters, live, region, context }: RdsCall): XmlStructure {
  const view = live()
  const snapshot = requireSnapshot(view, region, 'db', parameters.required('DBSnapshotIdentifier'))
  context.estate.deleteSnapshot(snapshot.kind, snapshot.id)
  return { DBSnapshot: renderSnapshot(view, { ...snapshot, type: 'manual' }) }
}
