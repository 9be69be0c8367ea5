import { damageBounds } from '../cluster/damage'
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
  workload: WallReading<{ deployment: string; replicas: number; ready: number; pods: boolean[] }>
  backups: WallReading<{ retentionDays: number; latestRestorableAt: number | null }>
  availability: WallReading<{
    monthLabel: string
    budgetSeconds: number
    usedSeconds: number
    coverage: number
  }>
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
    workload: reading(snapshot.workload, ({ deployment, replicas, ready, pods }) => ({
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
