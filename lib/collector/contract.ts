import type { BackupPolicy } from '../domain/backups/types'
import type { LagPoint, Mark, Snapshot } from '../domain/cluster/types'
import type { FollowedName } from '../domain/names/types'
import type { BackupStore, Backups } from '../ports/backups'
import type { DamageStore } from '../ports/damage-store'
import type { Database, DataQuestions } from '../ports/database'
import type { Fleet } from '../ports/fleet'
import type { LagHistoryStore } from '../ports/history'
import type { Metrics } from '../ports/metrics'
import type { Resolvers } from '../ports/names'
import type { PlatformEvents } from '../ports/platform-events'
import type { Pooler } from '../ports/pooler'
import type { Vantage } from '../ports/vantage'
import type { Workloads } from '../ports/workloads'
import type { Objectives } from './assemble'
import type { Inventory } from './inventory'
import type { Tempo } from './tempo'
import type { Origin } from './world'

/** A deployment, and by what it is watched. */
interface Watched {
  port: Workloads
  namespace: string
  deployment: string
}

export interface CollectorPorts {
  fleet: Fleet
  database: Database
  workloads: Watched | null
  /** The application in the other region, whether it runs or is at rest; absent where none is configured there. */
  workloadsElsewhere?: Watched | null
  poolers: readonly Pooler[]
  /** Does a run of ours hold traffic in the poolers? Asked only while one is paused; a failure counts as no. */
  heldByRun?: () => Promise<boolean>
  metrics: Metrics | null
  /** The collector in the other region; absent where none is configured. */
  vantage?: Vantage | null
  history: LagHistoryStore | null
  /** Absent where no backups in S3 are configured. */
  backups?: { port: Backups; policy: BackupPolicy; store: BackupStore } | null
  /** Absent where no names are configured. */
  names?: { resolvers: Resolvers; followed: readonly FollowedName[] } | null
  /** Absent where AWS Health is not to be read. */
  platformEvents?: PlatformEvents | null
  /** Where findings of damage stay until they are dismissed; without it they stay in this process. */
  damage: DamageStore | null
  /** What the API last said, kept across restarts: a runner that starts while the API is down still knows its nodes. */
  remembered?: { load(): { at: number; inventory: Inventory } | null; save(at: number, inventory: Inventory): void }
}

export interface CollectorSettings {
  name: string
  environment: Origin['environment'] & { crossRegionReplicaId: string | null }
  objectives: Objectives
  /** What is read to tell damage to the data. */
  data: {
    /** The database, and our own role in it. */
    name: string
    user: string
    criticalTables: readonly string[]
    invariants: DataQuestions['invariants']
  }
  tempo: Tempo
}

/** Whom the collector tells. None of these may throw or wait. */
export interface CollectorOutput {
  snapshot(snapshot: Snapshot): void
  lag(point: LagPoint): void
  mark(mark: Mark): void
}

export interface CollectorLog {
  warn(fields: Record<string, unknown>, message: string): void
  info(fields: Record<string, unknown>, message: string): void
}
