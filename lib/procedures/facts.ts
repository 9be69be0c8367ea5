import type { HostSetting } from '../domain/cluster/containers'
import type { NodeSessions } from '../domain/cluster/left-sessions'
import type { Topology } from '../domain/cluster/topology'
import type { JsonValue } from '../domain/procedure/canonical'
import type { Baseline } from '../domain/run/baseline'
import type { Facts } from './contract'

/** A node as a run fixed it. */
export type FixedNode = {
  id: string
  host: string | null
  port: number | null
  zone: string
  instanceClass: string
  timeline: number | null
  lsn: string | null
  multiAz: boolean
  securityGroupIds: string[]
}

/** A deployment before the run, with how each of its containers came to the database host. */
export type FixedWorkload = { deployment: string; containers: HostSetting[]; replicas: number }

export type PoolerHandling = 'held' | 'down' | 'released'

/** Something that a run leaves to be done. */
export type Obligation = {
  id: string
  title: string
  why: string
  state: 'open' | 'met' | 'accepted'
  settledBy?: { person: { id: string; name: string }; reason: string }
}

/** What a primary failover fixes and learns, by name. Everything is JSON, because it outlives the process. */
export type FailoverFacts = {
  topology?: Topology
  clusterId?: string
  endpoint?: { host: string; port: number }
  readerEndpoint?: { host: string; port: number } | null
  writerBefore?: FixedNode
  target?: FixedNode
  /** Ids of all members and whether each followed the old writer. */
  members?: string[]
  verdict?: 'down' | 'failing-over' | 'healthy'
  impactAt?: number | null
  detectedAt?: number | null
  confirmedAt?: number
  /** Under which name the managed API knew the runner. */
  identity?: string | null
  /** The last heartbeat that the old writer acknowledged, and the last that the target holds. */
  beatBefore?: { at: number; seq: number } | null
  targetBeat?: { at: number; seq: number } | null
  workloads?: FixedWorkload[]
  baseline?: Baseline
  /** The platform moved the writer by itself; in words. */
  adopted?: string
  /** Whom RDS made the writer in place of the target, as it was seen then; null when it is the target. */
  otherWriter?: FixedNode | null
  /** A person made that the run's target, in place of this one. */
  acceptedInstead?: string
  promotedAt?: number
  /** How far its verification was when the new writer first committed writes and RDS lagged, ms in production; null when not. */
  writesBeforeRdsMs?: number | null
  /** Where each pooler's own configuration leads, by name; null while that is not known. */
  poolerTargets?: Record<string, { host: string; port: number } | null>
  /**
   * What this run has made of each pooler's traffic, by name: it holds it, it found the pooler down, or it let the traffic
   * through again. Absent while it has not, or when people decided to go without.
   */
  poolers?: Record<string, PoolerHandling>
  /** The application's sessions on nodes that are not the writer, as people were shown them. */
  leftSessions?: NodeSessions[]
  fence?: 'reader' | 'fenced' | 'pending' | 'gone'
  /** What closes the old writer while it is open. */
  fenceRoute?: 'sql' | 'api' | null
  /** Since when it is known to have come back as a writer, after the run had seen it closed. */
  cameBackAt?: number | null
  /** Start of the present row of successful write probes. */
  writesSince?: number | null
  /** Were pods seen unready after the failover, and since when are they all ready. */
  podsMissed?: boolean
  podsSince?: number | null
  /** Pods wait for a pooler that is down: the application is not back before it is. */
  awaitsPooler?: boolean
  /** The last number that each writer of the application was told is committed, noted while nothing could be written. */
  acknowledged?: Record<string, number> | undefined
  /** When clients were let through to the new writer again. */
  resumedAt?: number
  restoredAt?: number
  lossSeconds?: number | null
  /** Acknowledged commits that the new writer does not hold, counted by their numbers; null where that cannot be counted. */
  lostCommits?: number | null
  obligations?: Obligation[]
}

export const factsOf = (facts: Facts): FailoverFacts => facts as FailoverFacts
export const learnt = (facts: FailoverFacts): Facts => facts as { [name: string]: JsonValue }

/** A fact that an earlier step must have fixed. Throws when it did not: the steps are in the wrong order. */
export function needed<T>(fact: T | undefined | null, name: string): T {
  if (fact === undefined || fact === null) throw new Error(`The run has not fixed ${name} yet`)
  return fact
}

/** Adds an obligation, or replaces the one of the same id. */
export function withObligation(facts: Pick<FailoverFacts, 'obligations'>, obligation: Obligation): Obligation[] {
  return [...(facts.obligations ?? []).filter((o) => o.id !== obligation.id), obligation]
}
