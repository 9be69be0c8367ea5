import { damageBounds } from '../cluster/damage'
import { servingWorkload } from '../cluster/serving'
import { type TrafficSessions, trafficOf } from '../cluster/traffic'
import type { CanaryView, CandidateView, Diagnosis, Lag, NodeView, Reading, Snapshot } from '../cluster/types'

/** A figure with its age, without the sentence of its failure: that may name a host. */
type WallReading<T> = Pick<Reading<T>, 'value' | 'observedAt'> & { failing: boolean }

export interface WallNode extends Pick<NodeView, 'id' | 'role' | 'state' | 'region' | 'zone'> {
  stream: { alive: boolean | null }
  connections: WallReading<{ used: number; limit: number }>
  /** Null when it is unknown. */
  lagSeconds: number | null
}

export interface WallCandidate extends Pick<CandidateView, 'nodeId' | 'best' | 'allowed' | 'blocked'> {
  /** At least and at most so many seconds are lost; null when it is unknown. */
  lossSeconds: { atLeast: number; atMost: number } | null
}

export interface WallRegion {
  name: string
  votes: CanaryView['vote'][]
}

/** How many resolvers answer with each region, of those that were asked; null while that is not known. */
interface WallTraffic {
  answers: { of: number; byRegion: Record<string, number> } | null
  sessions: TrafficSessions[]
}

/**
 * What the wall draws of the cluster, and nothing else: its link is opened without a sign-in, so addresses, queries,
 * people of the database, events and sentences of failures stay behind.
 */
export interface WallPicture {
  seq: number
  epoch: number
  takenAt: number
  region: string
  cluster: string
  /** `bounds`: between which moments data was damaged; null where none is. */
  diagnosis: Pick<Diagnosis, 'kind' | 'certainty' | 'headline' | 'since'> & { bounds: string | null }
  nodes: WallNode[]
  writerId: string | null
  lastHeartbeatAt: number | null
  candidates: WallCandidate[]
  pool: WallReading<{
    present: boolean
    paused: boolean
    clientsWaiting: number
    servers: number
    serversLimit: number
  }>
  /** Both regions, as they are seen from the other one; which of the services of each answer. */
  regions: WallReading<{ home: WallRegion; elsewhere: WallRegion }>
  /** By region alone: a name or an address would tell more than the wall may. */
  traffic: WallTraffic
  workload: WallReading<{ deployment: string; replicas: number; ready: number; pods: boolean[] }>
  backups: WallReading<{ retentionDays: number; latestRestorableAt: number | null }>
  availability: WallReading<{
    monthLabel: string
    budgetSeconds: number
    usedSeconds: number
    coverage: number
  }>
}

function trafficIn(snapshot: Snapshot): WallTraffic {
  const { names, sessions } = trafficOf(snapshot)
  const all = names.flatMap(({ answers }) => answers)
  const byRegion: Record<string, number> = {}
  for (const { region } of all) if (region !== null) byRegion[region] = (byRegion[region] ?? 0) + 1
  const known = all.length > 0 && snapshot.names.error === null
  return { answers: known ? { of: all.length, byRegion } : null, sessions }
}

/**
 * Is it more telling where traffic goes than how far readers lag? While the home region is down, and as long as traffic or a writer
 * is in another one.
 */
export function regionsInQuestion({ diagnosis, traffic, nodes, region }: WallPicture): boolean {
  return (
    diagnosis.kind === 'region-outage' ||
    Object.entries(traffic.answers?.byRegion ?? {}).some(([name, count]) => name !== region && count > 0) ||
    nodes.some((node) => node.region !== region && (node.role === 'writer' || node.role === 'unknown'))
  )
}

const regionOf = (name: string, canaries: readonly CanaryView[]): WallRegion => ({
  name,
  votes: canaries.map(({ vote }) => vote),
})

function reading<T, W>({ value, observedAt, error }: Reading<T>, show: (value: T) => W): WallReading<W> {
  return { value: value === null ? null : show(value), observedAt, failing: error !== null }
}

/** The lag as the wall shows it: the newest figure, unknown while it cannot be measured or its source fails. */
const lagSeconds = (lag: Reading<Lag>) => (lag.value?.known && lag.error === null ? lag.value.seconds : null)

export function wallPicture(snapshot: Snapshot): WallPicture {
  const { kind, certainty, headline, since, damage } = snapshot.diagnosis
  const bounds = damage ? damageBounds(damage.shown) : null
  return {
    seq: snapshot.seq,
    epoch: snapshot.epoch,
    takenAt: snapshot.takenAt,
    region: snapshot.environment.region,
    cluster: snapshot.environment.cluster,
    diagnosis: { kind, certainty, headline, since, bounds },
    nodes: snapshot.nodes.map(({ id, role, state, region, zone, stream, connections, lag }) => ({
      id,
      role,
      state,
      region,
      zone,
      stream: { alive: stream.alive },
      connections: reading(connections, ({ used, limit }) => ({ used, limit })),
      lagSeconds: lagSeconds(lag),
    })),
    writerId: snapshot.writerId,
    lastHeartbeatAt: snapshot.lastHeartbeatAt,
    candidates: snapshot.candidates.map(({ nodeId, best, allowed, blocked, loss }) => ({
      nodeId,
      best,
      allowed,
      blocked: blocked ?? null,
      lossSeconds: loss.known ? { atLeast: loss.atLeast.seconds, atMost: loss.atMost.seconds } : null,
    })),
    pool: reading(snapshot.pool, (pool) => ({
      present: pool.present,
      paused: pool.paused,
      clientsWaiting: pool.clientsWaiting,
      servers: pool.serversActive + pool.serversIdle,
      serversLimit: pool.serversLimit,
    })),
    regions: reading(snapshot.regions, ({ home, elsewhere }) => ({
      home: regionOf(snapshot.environment.region, home),
      elsewhere: regionOf(snapshot.environment.drRegion, elsewhere),
    })),
    traffic: trafficIn(snapshot),
    workload: reading(servingWorkload(snapshot), ({ deployment, replicas, ready, pods }) => ({
      deployment,
      replicas,
      ready,
      pods: pods.map((pod) => pod.ready),
    })),
    backups: reading(snapshot.backups, ({ retentionDays, latestRestorableAt }) => ({
      retentionDays,
      latestRestorableAt,
    })),
    availability: reading(snapshot.availability, ({ monthLabel, budgetSeconds, usedSeconds, coverage }) => ({
      monthLabel,
      budgetSeconds,
      usedSeconds,
      coverage,
    })),
  }
}
