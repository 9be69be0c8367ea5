import type { LabContext, LabNode } from '../contract'
import type { ClusterAttributeStore } from './cluster-attributes'
import { clusterNotFound, instanceNotFound } from './errors'
import { nameIn, readRdsArn } from './names'
import type { Parameters } from './parameters'
import type { LabView } from './view'
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

/** Is the cluster to be seen in this region, in this shape? */
export function clusterVisible(view: LabView, region: string): boolean {
  return view.shape !== 'instance' && view.cluster.region === region
}

/** Throws DBClusterNotFoundFault. */
export function requireCluster(view: LabView, region: string, identifier: string): LabView {
  const elsewhere = readRdsArn(identifier)?.region ?? region
  if (!clusterVisible(view, region) || elsewhere !== region || nameIn(identifier) !== view.cluster.id) {
    throw clusterNotFound(identifier)
  }
  return view
}

export function instancesIn(view: LabView, region: string): LabNode[] {
  return view.nodes.filter((node) => node.region === region).sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Throws DBInstanceNotFound. */
export function requireInstance(view: LabView, region: string, identifier: string): LabNode {
  const elsewhere = readRdsArn(identifier)?.region ?? region
  const node = instancesIn(view, region).find((candidate) => candidate.id === nameIn(identifier))
  if (!node || elsewhere !== region) throw instanceNotFound(identifier)
  return node
}
