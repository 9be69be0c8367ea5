import type { Survey, SurveyRequest } from '../domain/cluster/survey'
import type { BlockingView, Heartbeat, NodePosition, SlotView } from '../domain/cluster/types'

export interface ReplicationRow {
  application: string
  address: string | null
  state: string
  syncState: string
  sentLsn: bigint | null
  flushLsn: bigint | null
  replayLsn: bigint | null
  replySeconds: number | null
}

/**
 * One long-lived connection to one address of the guarded database, with its own limits (connect 3 s, statement 2 s).
 * A lost connection is reported once through `onLost` as soon as the socket says so, and made again on the next call.
 */
export interface DatabaseProbe {
  readonly address: { host: string; port: number }
  position(): Promise<NodePosition>
  /** Commits one heartbeat; the authoritative write probe. */
  heartbeat(): Promise<Heartbeat>
  replication(): Promise<ReplicationRow[]>
  blocking(): Promise<BlockingView[]>
  slots(): Promise<SlotView[]>
  onLost(listener: (error: { kind: 'closed' | 'reset'; at: number }) => void): void
  close(): Promise<void>
}

export interface ProbeLimits {
  connectMs: number
  queryMs: number
}

/** Opens probes; the adapter holds user and password. */
export interface Database {
  probe(name: string, address: { host: string; port: number }, limits: ProbeLimits): DatabaseProbe
  /**
   * Counts what one node holds, over a connection of its own that is closed afterwards; `queryMs` bounds each table, and
   * what takes longer or may not be read becomes a gap. Throws PortError when the node itself does not answer.
   */
  survey(address: { host: string; port: number }, request: SurveyRequest, limits: ProbeLimits): Promise<Survey>
}
