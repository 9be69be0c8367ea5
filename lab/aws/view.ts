/** The state that describes answer from: a copy, so that an old one stays what it was. */
import type { Address, LabContext, LabNode, LabShape } from '../contract'
import type { ClusterAttributes } from './attributes'

export interface ClusterView {
  id: string
  region: string
  status: string
  databaseName: string
  masterUsername: string
  writerEndpoint: Address
  readerEndpoint: Address
  writerId: string
  earliestRestorable: number | null
  latestRestorable: number | null
  attributes: ClusterAttributes
}

export interface LabView {
  at: number
  shape: LabShape
  cluster: ClusterView
  nodes: LabNode[]
}

export function captureView(context: LabContext, shape: LabShape, attributes: ClusterAttributes, at: number): LabView {
  const { cluster } = context
  const restorable = cluster.restorable()
  return structuredClone({
    at,
    shape,
    cluster: {
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
      attributes,
    },
    // Member by member: a node may be a live object of its room, with more in it than the contract says.
    nodes: cluster.nodes().map((node) => ({
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
    })),
  })
}

/** In-region members of the cluster, whatever the shape. */
export function memberNodes(view: LabView): LabNode[] {
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
