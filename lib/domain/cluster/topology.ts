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
  instances: { engine: string; clusterId: string | null }[],
): Topology {
  if (cluster) {
    if (cluster.tags[hybridTag.key] === hybridTag.value) return 'hybrid'
    if (cluster.engine === 'aurora-postgresql') return 'aurora'
    if (cluster.engine === 'postgres') return 'multi_az_cluster'
    return 'unknown'
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

/** Why a procedure cannot be run on this database, in a sentence; null when it can, or while the shape was never seen. */
export function unfitFor(
  procedure: { title: string; topologies: readonly Topology[] },
  seen: Pick<Snapshot, 'topology' | 'rdsObservedAt'> | null,
): string | null {
  if (!seen || (seen.topology === 'unknown' && seen.rdsObservedAt === null)) return null
  if (seen.topology === 'unknown')
    return 'RDS describes a database of a shape that is not known here; no procedure can run on it.'
  if (!procedure.topologies.includes(seen.topology))
    return `${procedure.title} cannot run on a ${topologyNames[seen.topology]}.`
  return null
}

/** The same for a failover in the region, which needs somewhere to go besides. */
export function failoverUnfit(seen: Pick<Snapshot, 'topology' | 'rdsObservedAt' | 'candidates'> | null): string | null {
  const shape = unfitFor(
    { title: 'A failover', topologies: ['hybrid', 'aurora', 'multi_az_cluster', 'instance'] },
    seen,
  )
  if (shape || !seen || seen.rdsObservedAt === null) return shape
  if (seen.candidates.some((c) => c.allowed !== 'p3-only')) return null
  return seen.topology === 'instance'
    ? 'This instance has no Multi-AZ standby and no read replica in its region: nothing can take over.'
    : 'The cluster has no reader in its region: nothing can take over.'
}
