import type { Snapshot } from './types'

export type Topology = Snapshot['topology']

/** Tag by which a cluster says that it is the mixture of cluster APIs, plain engine and cross-region replica. */
export const hybridTag = { key: 'dr-lab', value: 'hybrid' } as const

/**
 * Which of the four shapes a guarded database has, from what the managed API describes and never from a setting
 * (procedures, section 0). `unknown` when nothing fits: then no procedure may run.
 */
export function detectTopology(
  cluster: { engine: string; tags: Record<string, string> } | null,
  instances: { engine: string; clusterId: string | null; replicaIds: string[]; replicaSourceId: string | null }[],
): Topology {
  if (cluster) {
    if (cluster.tags[hybridTag.key] === hybridTag.value) return 'hybrid'
    if (cluster.engine === 'aurora-postgresql') return 'aurora'
    if (cluster.engine === 'postgres') return 'multi_az_cluster'
    return 'unknown'
  }
  const plain = instances.filter((i) => i.engine === 'postgres' && i.clusterId === null)
  return plain.some((i) => i.replicaIds.length > 0 || i.replicaSourceId !== null) ? 'instance' : 'unknown'
}
