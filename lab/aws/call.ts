import type { LabContext } from '../contract'
import type { ClusterAttributeStore } from './cluster-attributes'
import { clusterNotFound, instanceNotFound } from './errors'
import { nameIn, readRdsArn } from './names'
import type { Parameters } from './parameters'
import type { LabView, NodeView } from './view'
import type { XmlStructure } from './xml'

/** One RDS call: what was asked, where, and the state it is answered from. */
export interface RdsCall {
  region: string
  parameters: Parameters
  /** For reads; may be an old one while describes are stale. */
  view: LabView
  /** The state now, for writes and for their replies. */
  live(): LabView
  context: LabContext
  clusterAttributes: ClusterAttributeStore
}

/** Answers with the members of the result; null when the operation has no result element. Throws AwsError. */
export type RdsOperation = (call: RdsCall) => XmlStructure | null | Promise<XmlStructure | null>

/** The clusters to be seen in this region, in this shape: the view of each. */
export function clustersIn(view: LabView, region: string): LabView[] {
  const shown = view.shape === 'instance' ? [] : view.clusters.filter((cluster) => cluster.region === region)
  return shown.map((cluster) => ({ ...view, cluster })).sort((a, b) => (a.cluster.id < b.cluster.id ? -1 : 1))
}

/** The view of one cluster. Throws DBClusterNotFoundFault. */
export function requireCluster(view: LabView, region: string, identifier: string): LabView {
  const elsewhere = readRdsArn(identifier)?.region ?? region
  const found = clustersIn(view, region).find(({ cluster }) => cluster.id === nameIn(identifier))
  if (!found || elsewhere !== region) throw clusterNotFound(identifier)
  return found
}

/** Is it the one that the lab guards, rather than one that a call has made? */
export function isGuarded(view: LabView): boolean {
  return view.cluster.id === view.clusters[0]?.id
}

export function instancesIn(view: LabView, region: string): NodeView[] {
  return view.nodes.filter((node) => node.region === region).sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Throws DBInstanceNotFound. */
export function requireInstance(view: LabView, region: string, identifier: string): NodeView {
  const elsewhere = readRdsArn(identifier)?.region ?? region
  const node = instancesIn(view, region).find((candidate) => candidate.id === nameIn(identifier))
  if (!node || elsewhere !== region) throw instanceNotFound(identifier)
  return node
}
