import { detectTopology, type Topology } from '../domain/cluster/topology'
import type { FleetCluster, FleetInstance, Guarded } from './fleet'

/** Who is what in the guarded database, told alike for a cluster and for instances without one. */
export interface Standing {
  topology: Topology
  cluster: FleetCluster | null
  status: string
  instances: FleetInstance[]
  writerId: string | null
  /** Where clients reach the writer; a lone instance has its own address only, which no other node takes over. */
  endpoint: { host: string; port: number } | null
  readerEndpoint: { host: string; port: number } | null
  backupRetentionDays: number
  earliestRestorableAt: number | null
  latestRestorableAt: number | null
  securityGroupIds: string[]
}

/**
 * Reads roles and endpoints out of what the API describes. Instances without a cluster name no writer: it is the one that
 * replicates from none; where several do (after a promotion), `believed`, whom the databases themselves showed to be it.
 */
export function standingOf({ cluster, instances }: Guarded, believed: string | null, region: string): Standing {
  const own = instances.filter((i) => i.region === region)
  if (cluster)
    return {
      topology: detectTopology(cluster, own),
      cluster,
      status: cluster.status,
      instances,
      writerId: cluster.members.find((m) => m.isWriter)?.id ?? null,
      endpoint: cluster.writerEndpoint,
      readerEndpoint: cluster.readerEndpoint,
      backupRetentionDays: cluster.backupRetentionDays,
      earliestRestorableAt: cluster.earliestRestorableAt,
      latestRestorableAt: cluster.latestRestorableAt,
      securityGroupIds: cluster.securityGroupIds,
    }
  const roots = own.filter((i) => i.replicaSourceId === null)
  const writer = roots.find((i) => i.id === believed) ?? roots[0] ?? null
  return {
    topology: detectTopology(null, own),
    cluster: null,
    status: writer?.status ?? 'unknown',
    instances,
    writerId: writer?.id ?? null,
    endpoint: writer?.address ?? null,
    readerEndpoint: null,
    backupRetentionDays: writer?.backupRetentionDays ?? 0,
    // The API tells the newest moment of an instance; the oldest only in its automated backups.
    earliestRestorableAt: null,
    latestRestorableAt: writer?.latestRestorableAt ?? null,
    securityGroupIds: writer?.securityGroupIds ?? [],
  }
}
