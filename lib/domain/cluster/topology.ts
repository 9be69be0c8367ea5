import type { Snapshot } from './types'

export type Topology = Snapshot['topology']

/** Tag by which a cluster says that it is the mixture of cluster APIs, plain engine and cross-region replica. */
const hybridTag = { key: 'dr-lab', value: 'hybrid' } as const

/**
 * Which of the four shapes a guarded database has, from what the managed API describes and never from a setting
 * (procedures, section 0). `unknown` when nothing fits: then no procedure may run.
 */
export function detectTopology(
  cluster: { engine: string; tags: Record<string, string> } | null,
  instances: { engine: string; clusterId: string | null }[],
): Topology {
  if (cluster) {
    // The engine is a fact, and a tag only somebody's word: it tells apart what the engine leaves open.
    if (cluster.engine === 'aurora-postgresql') return 'aurora'
    if (cluster.engine !== 'postgres') return 'unknown'
    return cluster.tags[hybridTag.key] === hybridTag.value ? 'hybrid' : 'multi_az_cluster'
  }
  return instances.some((i) => i.engine === 'postgres' && i.clusterId === null) ? 'instance' : 'unknown'
}

/** As people call the shapes. */
export const topologyNames: Record<Topology, string> = {
  aurora: 'Aurora cluster',
  multi_az_cluster: 'Multi-AZ DB cluster',
  instance: 'DB instance with replicas',
  hybrid: 'Cluster with a cross-region replica',
  unknown: 'unknown shape',
}

/**
 * Do readers receive a log of their own, whose end tells what they lack? Aurora's share one storage: they have no WAL
 * receiver, and its WAL functions mean nothing there (procedures, section 3).
 */
export const readersReceiveWal = (topology: Topology): boolean => topology !== 'aurora'
