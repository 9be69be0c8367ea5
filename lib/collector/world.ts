import type { BackupSummary } from '../domain/backups/types'
import type { Minute } from '../domain/cluster/availability'
import { initialState } from '../domain/cluster/diagnosis'
import type { DiagnosisState } from '../domain/cluster/evidence'
import type { WriterObservation } from '../domain/cluster/position'
import { initialRegionState, type RegionState } from '../domain/cluster/region'
import { emptyTrack, type Track } from '../domain/cluster/track'
import type { ClusterEvent, MetricsView, NetworkView, PoolView } from '../domain/cluster/types'
import type { VantageReport } from '../domain/cluster/vantage'
import { WalClock } from '../domain/cluster/wal-clock'
import type { WalHistory } from '../domain/cluster/wal-history'
import type { EnvironmentKind } from '../domain/environment'
import type { NameView } from '../domain/names/types'
import type { FleetInstance } from '../ports/fleet'
import type { PlatformEvent } from '../ports/platform-events'
import type { Pooler } from '../ports/pooler'
import type { WorkloadWatch } from '../ports/workloads'
import type { Inventory } from './inventory'
import type { NodeProbe } from './node-probe'
import type { WriteProbe } from './write-probe'

/** What one snapshot says of its origin. */
export interface Origin {
  collector: string
  epoch: number
  environment: {
    name: string
    kind: EnvironmentKind
    region: string
    drRegion: string
    cluster: string
  }
}

/** What is known of one pooler. */
export interface PoolerTrack {
  readonly name: string
  readonly address: { host: string; port: number }
  track: Track<PoolView>
  /** How many processes answer at its address. */
  instances: Track<number>
}

/** Everything that the collector knows now. Probes write into it; `assemble` reads it. */
export interface World {
  readonly clock: WalClock
  nodes: Map<string, NodeProbe>
  write: WriteProbe | null
  /** Of all nodes, by the API of the home region; of the replica elsewhere, `elsewhere` tells how old that is. */
  inventory: Track<Inventory>
  /** Since when a question to the API of the home region waits longer than an answer takes; null while none does. */
  apiSilentSince: number | null
  /** The replica in the other region, by the API there. */
  elsewhere: Track<FleetInstance | null>
  clusterStatus: { status: string; statusSince: number } | null
  events: ClusterEvent[]
  eventsAt: number | null
  poolers: PoolerTrack[]
  /** A run of ours holds traffic in the poolers. */
  heldByRun: boolean
  metrics: Track<MetricsView & { pgUp: boolean | null }> | null
  /** What the collector in the other region reports; null where there is none. */
  vantage: Track<VantageReport> | null
  region: RegionState
  /** Open events of the home region by AWS Health; null where it is not read. */
  platformEvents: Track<PlatformEvent[]> | null
  network: Track<NetworkView>
  names: Track<NameView[]> | null
  s3Backups: Track<BackupSummary> | null
  workload: WorkloadWatch | null
  /** Of the application in the other region; null where none is configured there. */
  workloadElsewhere: WorkloadWatch | null
  writerId: string | null
  /** Of which log the position and the clock below are. */
  history: WalHistory
  /** Best-known writer position, kept when its source is gone. */
  writerPosition: WriterObservation | null
  diagnosis: DiagnosisState
  streamsLostSince: number | null
  /** Minutes of write probes of this month, for the budget. */
  minutes: Map<number, Minute>
}

export function emptyWorld(
  now: number,
  has: {
    poolers: readonly Pick<Pooler, 'name' | 'address'>[]
    metrics: boolean
    names: boolean
    vantage: boolean
    platformEvents: boolean
    s3Backups: boolean
  },
): World {
  return {
    clock: new WalClock(),
    nodes: new Map(),
    write: null,
    inventory: emptyTrack(),
    apiSilentSince: null,
    elsewhere: emptyTrack(),
    clusterStatus: null,
    events: [],
    eventsAt: null,
    poolers: has.poolers.map(({ name, address }) => ({ name, address, track: emptyTrack(), instances: emptyTrack() })),
    heldByRun: false,
    metrics: has.metrics ? emptyTrack() : null,
    vantage: has.vantage ? emptyTrack() : null,
    region: initialRegionState(now),
    platformEvents: has.platformEvents ? emptyTrack() : null,
    network: emptyTrack(),
    names: has.names ? emptyTrack() : null,
    s3Backups: has.s3Backups ? emptyTrack() : null,
    workload: null,
    workloadElsewhere: null,
    writerId: null,
    history: { systemId: null, resourceId: null },
    writerPosition: null,
    diagnosis: initialState(now),
    streamsLostSince: null,
    minutes: new Map(),
  }
}
