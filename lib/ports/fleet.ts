import type { AskedRight, SimulatedRight } from '../domain/cluster/aws-rights'
import type { LogPart, LogPlace } from '../domain/cluster/server-log'
import type { ClusterEvent } from '../domain/cluster/types'
import type { Restorable } from '../domain/restore/restorable'

/** A member of a managed cluster, in our words. */
interface FleetMember {
  id: string
  isWriter: boolean
  promotionTier: number | null
}

export interface FleetInstance {
  /** Its key (domain/cluster/node-key): of another region it is not the name that the API uses there. */
  id: string
  /** The API's own identifier: one that is restored under the same name has another. */
  resourceId: string | null
  clusterId: string | null
  status: string
  address: { host: string; port: number } | null
  region: string
  zone: string
  instanceClass: string
  engine: string
  engineVersion: string
  multiAz: boolean
  /** Keys of nodes, too. */
  replicaSourceId: string | null
  replicaIds: string[]
  /** Replication status as the API says it, when it is a read replica. */
  replication: { normal: boolean; status: string } | null
  backupRetentionDays: number
  latestRestorableAt: number | null
  securityGroupIds: string[]
  pending: string[]
  deletionProtection: boolean
  /** Daily, in UTC: "03:00-03:30"; null while the API shows none. */
  backupWindow: string | null
  tags: Record<string, string>
  certificateValidTill: number | null
}

export interface FleetCluster {
  id: string
  /** As that of an instance. */
  resourceId: string | null
  arn: string
  status: string
  engine: string
  engineVersion: string
  writerEndpoint: { host: string; port: number }
  readerEndpoint: { host: string; port: number } | null
  members: FleetMember[]
  databaseName: string
  masterUsername: string
  backupRetentionDays: number
  earliestRestorableAt: number | null
  latestRestorableAt: number | null
  securityGroupIds: string[]
  deletionProtection: boolean
  tags: Record<string, string>
}

/** The guarded database as the API describes it. */
export interface Guarded {
  /** Null for instances without a cluster. */
  cluster: FleetCluster | null
  /** Of the region, the guarded one's former source or replicas among them while they are known by name. */
  instances: FleetInstance[]
}

/** Keys of a user do not expire; those with a session token do, at a time (ms) that their source may not tell: then null. */
export type Credentials = { temporary: false } | { temporary: true; expiresAt: number | null }

/** Reading side of the managed database API. Throws PortError. */
export interface Fleet {
  identity(signal?: AbortSignal): Promise<{ account: string; arn: string; serverAt: number | null }>
  /** Until when our own session lasts. Renews it first when it is about to end. */
  credentials(): Promise<Credentials>
  /**
   * What the policies of this user or role (domain/cluster/aws-rights) say of each operation, without doing any of it. Rejects
   * as `auth` when our own identity may not ask.
   */
  simulate(principal: string, asked: AskedRight[], signal?: AbortSignal): Promise<SimulatedRight[]>
  /** Maintenance that waits for these clusters and instances. */
  maintenance(ids: string[], signal?: AbortSignal): Promise<{ resource: string; action: string }[]>
  cluster(id: string, signal?: AbortSignal): Promise<FleetCluster>
  /** Instances of the cluster, by its member list. */
  instances(clusterId: string, signal?: AbortSignal): Promise<FleetInstance[]>
  /**
   * The cluster of that name and its members; else the instance of that name with all that replicate with it, and those
   * `known` that still exist: a promoted replica is no relative of its former source any more. The named one comes first.
   */
  guarded(id: string, known: readonly string[], signal?: AbortSignal): Promise<Guarded>
  /** By the name that the API of that region uses. */
  instance(name: string, region: string, signal?: AbortSignal): Promise<FleetInstance>
  /**
   * The cluster of that name, else the instance that stands alone, with its restore window and everything that a restore of it
   * sends and compares. `missing` where there is neither.
   */
  restorable(id: string, signal?: AbortSignal): Promise<Restorable>
  /**
   * What a node's server wrote into its log after a place; the place of the log's end when none is given. Rejects as `missing` when
   * that file is no longer kept.
   */
  serverLog(nodeKey: string, from: LogPlace | null, signal?: AbortSignal): Promise<LogPart>
  /** Events of the cluster and of its instances, by their keys, since a time, oldest first, each once. */
  events(sourceIds: string[], since: number, signal?: AbortSignal): Promise<ClusterEvent[]>
}
