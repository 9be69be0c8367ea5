import type { BackupSummary } from '../backups/types'
import type { EnvironmentKind } from '../environment'
import type { NameView } from '../names/types'
import type { HostSetting } from './containers'
import type { DamageFinding } from './damage'
import type { RegionService } from './region-services'

/**
 * The guarded cluster in our own words. Glossary:
 * - node: one PostgreSQL server; writer and reader are roles of a node, never names of one.
 * - vantage point: a place from which something is probed.
 * - sample: one timed observation, good or failed. A failed sample is an observation too.
 * - snapshot: the latest whole picture, made of samples.
 * - lag: seconds and bytes between the writer's position and a reader's.
 * - candidate: a node that could become writer; loss (never received) and wait (not yet replayed) are its price.
 *
 * Times are milliseconds since the epoch on the collector's clock; positions (LSN) are bigints of WAL bytes inside
 * the domain and travel as decimal strings in a snapshot, because JSON has no bigint.
 */

const vantages = ['endpoint', 'pooler', 'rds-api', 'wal-receivers', 'pods', 'metrics', 'dr-region'] as const
export type Vantage = (typeof vantages)[number]

/** Failure domain of a vantage point: votes of one domain fail together and count as one place. */
export type FailureDomain = 'our-network' | 'kubernetes' | 'aws-control' | 'aws-data' | 'monitoring' | 'dr-network'

/** Why a probe failed. `refused` and `reset` are hard evidence of a dead process; `timeout` alone is not. */
export type ProbeErrorKind =
  | 'refused'
  | 'reset'
  | 'closed'
  | 'timeout'
  | 'unreachable'
  | 'auth'
  | 'read-only'
  | 'busy'
  /** It met a damaged page or index (XX001, XX002). */
  | 'damaged'
  | 'api'
  | 'not-configured'
  | 'other'

export interface ProbeError {
  kind: ProbeErrorKind
  /** One sentence without secrets, fit for a screen. */
  message: string
}

export type Sample<T> = {
  /** What was probed: a node id, an endpoint name, an API. */
  source: string
  vantage: Vantage | 'collector'
  startedAt: number
  endedAt: number
} & ({ ok: true; value: T } | { ok: false; error: ProbeError })

/** Sessions of clients on a node. */
export interface Connections {
  used: number
  limit: number
  /** How many of them are the application's; null or absent where its roles are not named. */
  application?: number | null
}

/** Result of Q1: a node's own position, whatever its role. */
export interface NodePosition {
  standby: boolean
  /** Database clock at the moment of reading. */
  at: number
  /** The database's own identifier, the same on all its copies (wal-history.ts). */
  systemId: string | null
  timeline: number | null
  /** Writer only: flushed WAL end. */
  flushLsn: bigint | null
  /** Standby only: greatest of received and replayed WAL. */
  haveLsn: bigint | null
  replayLsn: bigint | null
  replayPaused: boolean | null
  receiver: {
    status: string
    /** WAL end that the sender last reported. */
    originLsn: bigint | null
    heardAt: number | null
    timeline: number | null
  } | null
  /** The heartbeat visible on this node: its time and sequence number. */
  beat: { at: number; seq: number } | null
  connections: Connections | null
  version: string | null
  readOnly: boolean
}

/** A write of ours that committed: when (database clock), and at what WAL position. */
export interface Heartbeat {
  at: number
  /** Its number in the heartbeat row; null where the row is missing or does not change, so that no copy tells how far it got. */
  seq: number | null
  lsn: bigint
}

/** One vantage point's vote on "does the writer work?". */
export interface Vote {
  vantage: Vantage
  label: string
  vote: 'ok' | 'fail' | 'unknown'
  domain: FailureDomain
  weight: number
  /** One or two words: "timeout", "0 of 2 stream", "available". */
  detail: string
  observedAt: number | null
  /** Sampling interval, from which the reader decides live / late / blind. */
  everyMs: number
  /** True when this vote is hard evidence of a crash (refused, reset). */
  hard: boolean
}

export const diagnosisKinds = [
  'healthy',
  'primary-suspected',
  'primary-down',
  'own-partition',
  'wedged-writer',
  'split-brain',
  'failing-over',
  'degraded',
  'unknown',
  'corruption',
  'deletion',
  'region-outage',
] as const
export type DiagnosisKind = (typeof diagnosisKinds)[number]

export const scenarios = ['S1', 'S2', 'S3', 'S4'] as const
export type Scenario = (typeof scenarios)[number]
/** As people call a procedure: a letter and its number in the runbook. */
export type ProcedureKey = string

/** A named finding with confidence and evidence. */
export interface Diagnosis {
  kind: DiagnosisKind
  /** Suspected is painted dashed, confirmed solid. */
  certainty: 'none' | 'suspected' | 'confirmed'
  /** 0..1: failing weight over fresh weight. */
  confidence: number
  /** One sentence for the verdict line. */
  headline: string
  /** A second sentence with what follows; may be empty. */
  detail: string
  since: number
  scenario: Scenario | null
  /** It calls for a recovery procedure now: the catalogue says for this scenario which. */
  recommend: boolean
  /** Until when the evidence must hold for the suspicion to be confirmed; null when nothing is suspected. */
  confirmsAt: number | null
  /** Monitoring rounds held so far and needed. */
  held: { rounds: number; of: number } | null
  evidence: string[]
  /** Damage to the data, which takes precedence: the findings that nobody has dismissed, and what is found of the writer besides. */
  damage?: { shown: DamageFinding; findings: DamageFinding[]; writer: Diagnosis }
  /** An outage of the home region, which takes precedence over the writer's: what is found of the writer besides. */
  region?: { writer: Diagnosis }
}

/** One service of one region, as a canary in the other region meets it. */
export interface CanaryView {
  service: RegionService
  vote: Vote['vote']
  /** One to three words: "responds", "timeout". */
  detail: string
  observedAt: number | null
  everyMs: number
  /** Refused or reset, rather than silent. */
  hard: boolean
}

/** Both regions, seen from the other one. */
export interface RegionsView {
  home: CanaryView[]
  elsewhere: CanaryView[]
}

/** A figure that may be out of date: the reader of it decides what it is worth from its age. */
export interface Reading<T> {
  value: T | null
  /** When the value was observed; null when it never was. */
  observedAt: number | null
  everyMs: number
  /** The present failure of the source, in a sentence; null while it answers. */
  error: string | null
  failingSince: number | null
}

type NodeRole = 'writer' | 'reader' | 'cross-region' | 'unknown'
export type NodeState = 'ok' | 'lagging' | 'suspected' | 'down' | 'unknown' | 'problem'

/** Lag of a reader behind the writer; unknown when it cannot be measured, never zero by default. */
export type Lag =
  | { known: true; seconds: number; bytes: number; replayBytes: number; replaySeconds: number }
  | { known: false; why: string }

export interface NodeView {
  /** Its key (node-key.ts): its name in the home region. */
  id: string
  role: NodeRole
  state: NodeState
  /** The state in a word or two for people ("OK", "no stream", "suspected"). */
  stateDetail: string
  region: string
  zone: string
  address: { host: string; port: number } | null
  /** Status as the RDS API says it. */
  rdsStatus: Reading<string>
  instanceClass: string | null
  version: string | null
  connections: Reading<Connections>
  position: Reading<{ lsn: string; timeline: number | null; standby: boolean }>
  lag: Reading<Lag>
  /** Is the WAL stream alive, and since when is it in this state. */
  stream: { alive: boolean | null; since: number | null }
  lastBeatAt: number | null
}

export interface CandidateView {
  nodeId: string
  reachable: boolean
  /** `allowed`, `late` = allowed with a warning, `p3-only` = other region, `no` = not allowed. */
  allowed: 'allowed' | 'late' | 'other-region' | 'no'
  /** Why nothing is promoted now, whatever the node could do: data is damaged, or the managed API is away. Null otherwise. */
  blocked?: string | null
  reason: string
  best: boolean
  loss:
    | {
        known: true
        /** At least this is lost. */
        atLeast: { seconds: number; bytes: number }
        /** At most this is lost: known plus the time in which the writer could have accepted unseen writes. */
        atMost: { seconds: number; bytes: number | null }
        confidence: 'high' | 'medium' | 'low'
      }
    | { known: false; why: string }
  wait: { known: true; seconds: number; bytes: number } | { known: false; why: string }
  observedAt: number | null
}

export interface ClusterEvent {
  at: number
  /** Key of the node, or the name of the cluster. */
  source: string
  message: string
  categories: string[]
}

export interface PoolView {
  /** False when clients go straight to the database: the screens say so. */
  present: boolean
  clientsActive: number
  clientsWaiting: number
  serversActive: number
  serversIdle: number
  serversLimit: number
  maxWaitSeconds: number
  /** Paused: this database, or all of them. */
  paused: boolean
  /** By a PAUSE of all databases, which a RESUME of one does not end. Absent where that was not asked. */
  pausedAll?: boolean
  /** The reader at which its server connections are, in words; null or absent where they are at the writer or nowhere. */
  serversAt?: string | null
}

interface PoolerReading extends Reading<PoolView> {
  name: string
}

export interface PodView {
  name: string
  ready: boolean
  phase: string
  restarts: number
  reason: string | null
  /** Since when it is ready, by its cluster's clock; absent while it is not, and where Kubernetes does not say. */
  readyAt?: number
}

export interface WorkloadView {
  namespace: string
  deployment: string
  replicas: number
  ready: number
  updated: number
  databaseHost: string | null
  /** The containers of the template that set the host, and how; absent in a picture of an older version. */
  hostSettings?: HostSetting[]
  rollout: 'complete' | 'progressing' | 'failed'
  rolloutDetail: string
  /** Which template it runs, in words: "revision 12, castmatch/api:2.31.0". Absent where Kubernetes numbers no revision. */
  release?: string
  pods: PodView[]
}

export interface BackupView {
  retentionDays: number
  earliestRestorableAt: number | null
  latestRestorableAt: number | null
}

export interface MetricsView {
  targetsUp: number
  targets: number
  /** `subjects`: the values of an alert's other labels, such as the instance that it is about. */
  alertsFiring: { name: string; severity: string; subjects?: string[] }[]
  errorRatio: number | null
  p95Ms: number | null
}

export interface NetworkView {
  endpoint: string
  resolvesTo: string | null
  /** Node whose address the cluster endpoint answers from. */
  answersAs: string | null
  tlsExpiresAt: number | null
}

export interface AvailabilityView {
  monthLabel: string
  budgetSeconds: number
  usedSeconds: number
  /** Share of the month so far for which samples exist, 0..1; below 1 the figure is a lower bound. */
  coverage: number
  downSince: number | null
}

/**
 * A session that waits for a lock, or that others wait for. Its statement's text never leaves the guarded server: literals
 * in it are the application's data, and every signed-in browser receives the snapshot.
 */
export interface BlockingView {
  root: number
  depth: number
  pid: number
  user: string | null
  application: string | null
  state: string | null
  waitEvent: string | null
  transactionSeconds: number | null
  /** The statement's first word when it is one of SQL's own, such as UPDATE. */
  statement: string | null
}

/** A replication slot of the writer: an inactive one keeps WAL until the disk is full, and none survives a promotion. */
export interface SlotView {
  name: string
  active: boolean
  walStatus: string | null
  retainedBytes: number | null
  /** Logical slots feed other systems; physical ones feed readers. */
  kind?: 'physical' | 'logical'
  plugin?: string | null
}

export interface Snapshot {
  /** Rises with each snapshot of one collector term; a reader drops what is not newer. */
  seq: number
  epoch: number
  takenAt: number
  collector: string
  environment: {
    name: string
    kind: EnvironmentKind
    region: string
    drRegion: string
    cluster: string
  }
  topology: 'aurora' | 'multi_az_cluster' | 'instance' | 'hybrid' | 'unknown'
  diagnosis: Diagnosis
  votes: Vote[]
  nodes: NodeView[]
  writerId: string | null
  /** Best-known writer position: how old it is decides the confidence of every loss figure. */
  writerPosition: { observedAt: number | null; lsn: string | null; from: string | null }
  lastHeartbeatAt: number | null
  /** The heartbeat row is missing or does not change: what is lost can only be estimated from WAL positions. */
  noHeartbeat?: true
  /** Since when every heartbeat through the writer endpoint was acknowledged; null while they fail. */
  writesSince: number | null
  candidates: CandidateView[]
  candidateNote: string
  /** All pools as one; `poolers` has each. */
  pool: Reading<PoolView>
  poolers: PoolerReading[]
  workload: Reading<WorkloadView>
  /** The application in the other region; absent where none is configured there. */
  workloadElsewhere?: Reading<WorkloadView>
  backups: Reading<BackupView>
  /** Dumps in S3, which are another thing than what RDS keeps. */
  s3Backups: Reading<BackupSummary>
  metrics: Reading<MetricsView>
  /** What the collector in the other region sees. */
  regions: Reading<RegionsView>
  network: Reading<NetworkView>
  /** The names that a recovery of the region moves, as each resolver answers for them. */
  names: Reading<NameView[]>
  availability: Reading<AvailabilityView>
  blocking: Reading<BlockingView[]>
  slots: Reading<SlotView[]>
  events: ClusterEvent[]
  rdsObservedAt: number | null
  /** Is our own store reachable from the runner? Live health goes on without it. */
  store: { ok: boolean; since: number; error: string | null }
}

/** One second of the lag chart: null where it could not be measured, so that the chart draws a gap. */
export interface LagPoint {
  at: number
  byNode: Record<string, { seconds: number; bytes: number } | null>
}

export const markKinds = ['detection', 'event', 'step', 'fault', 'deployment'] as const
type MarkKind = (typeof markKinds)[number]

/** A mark on the chart and in the feed: a detection, an RDS event, a step, a rollout of the application. */
export interface Mark {
  at: number
  kind: MarkKind
  text: string
}
