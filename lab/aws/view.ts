/** The state that describes answer from: a copy, so that an old one stays what it was. */
import type { Address, LabContext, LabMadeInstance, LabNode, LabShape, LabSnapshot, RestoreWindow } from '../contract'
import { type ClusterAttributes, clusterDefaults, overlay } from './attributes'
import { createdAtOf } from './names'

export interface ClusterView {
  id: string
  region: string
  status: string
  databaseName: string
  masterUsername: string
  writerEndpoint: Address
  readerEndpoint: Address
  /** Null until a restored cluster has its first instance. */
  writerId: string | null
  earliestRestorable: number | null
  latestRestorable: number | null
  /** ms. */
  createdAt: number
  attributes: ClusterAttributes
}

/** A node, and whose data it serves. */
export interface NodeView extends LabNode {
  masterUsername: string
  databaseName: string | null
  /** Of a node with backups of its own; members of a cluster are restored with it. */
  restorable: RestoreWindow
  /** Made by a call, so that a call may also delete it. */
  made: boolean
  /** ms. */
  createdAt: number
}

export interface LabView {
  at: number
  shape: LabShape
  /** The cluster in question: the guarded one, or the one that was asked for. */
  cluster: ClusterView
  /** All of them, the guarded one first. */
  clusters: ClusterView[]
  nodes: NodeView[]
  snapshots: LabSnapshot[]
}

export function captureView(context: LabContext, shape: LabShape, attributes: ClusterAttributes, at: number): LabView {
  const { cluster, estate } = context
  const restorable = cluster.restorable()
  const guarded: ClusterView = {
    id: cluster.id,
    region: cluster.region,
    status: cluster.status,
    databaseName: cluster.databaseName,
    masterUsername: cluster.masterUsername,
    writerEndpoint: cluster.writerEndpoint,
    readerEndpoint: cluster.readerEndpoint,
    writerId: cluster.writerId(),
    earliestRestorable: restorable.earliest,
    latestRestorable: restorable.latest,
    createdAt: createdAtOf({}),
    attributes,
  }
  const restored = estate.clusters().map(
    (one): ClusterView => ({
      id: one.id,
      region: one.region,
      status: one.status,
      databaseName: one.databaseName,
      masterUsername: one.masterUsername,
      writerEndpoint: one.writerEndpoint,
      readerEndpoint: one.readerEndpoint,
      writerId: one.writerId,
      earliestRestorable: one.restorable.earliest,
      latestRestorable: one.restorable.latest,
      createdAt: createdAtOf(one.attributes),
      attributes: overlay(clusterDefaults(shape, one.region), one.attributes),
    }),
  )
  const { databaseName, masterUsername } = cluster
  return structuredClone({
    at,
    shape,
    cluster: guarded,
    clusters: [guarded, ...restored],
    nodes: [
      ...cluster.nodes().map((node) => {
        const own = node.clusterId === null || shape === 'instance' ? ownWindow(context, node) : noWindow
        return {
          ...copyOf(node),
          databaseName,
          masterUsername,
          restorable: own,
          made: false,
          createdAt: createdAtOf({}),
        }
      }),
      ...estate.instances().map((node: LabMadeInstance) => ({
        ...copyOf(node),
        databaseName: node.databaseName,
        masterUsername: node.masterUsername,
        restorable: node.restorable,
        made: true,
        createdAt: createdAtOf(node.attributes),
      })),
    ],
    snapshots: estate.snapshots(),
  })
}

const noWindow: RestoreWindow = { earliest: null, latest: null }

/** A replica has no backups of its own. */
function ownWindow({ cluster, estate }: LabContext, node: LabNode): RestoreWindow {
  if (node.id === cluster.writerId()) return cluster.restorable()
  return node.replicaSourceId === null ? estate.restorable(node.id) : noWindow
}

/** Member by member: a node may be a live object of its room, with more in it than the contract says. */
function copyOf(node: LabNode): LabNode {
  return {
    id: node.id,
    region: node.region,
    zone: node.zone,
    role: node.role,
    status: node.status,
    clusterId: node.clusterId,
    address: node.address,
    running: node.running,
    frozen: node.frozen,
    promotionTier: node.promotionTier,
    replicaSourceId: node.replicaSourceId,
    attributes: node.attributes,
  }
}

/** In-region members of the cluster, whatever the shape. */
export function memberNodes(view: LabView): NodeView[] {
  return view.nodes.filter((node) => node.clusterId === view.cluster.id)
}

/** The node from which a node replicates *as the API tells it*: members of a cluster have no source of their own. */
export function sourceOf(view: LabView, node: LabNode): LabNode | null {
  switch (view.shape) {
    case 'aurora':
      return null
    case 'hybrid':
      return node.clusterId === null ? byId(view, node.replicaSourceId) : null
    case 'instance':
      return byId(view, node.replicaSourceId)
  }
}

function byId(view: LabView, id: string | null): LabNode | null {
  return view.nodes.find((node) => node.id === id) ?? null
}
