import type { AuroraReplica } from '../domain/cluster/aurora'
import type { DataCount, DataLook, IndexCheck } from '../domain/cluster/damage-memory'
import type { FenceRights } from '../domain/cluster/fence-rights'
import type { LeftSession } from '../domain/cluster/left-sessions'
import type { Survey, SurveyRequest } from '../domain/cluster/survey'
import type { BlockingView, Heartbeat, NodePosition, SlotView } from '../domain/cluster/types'
import type { NumberRange } from '../domain/run/one-sided'

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
 * A lost connection is reported once through `onLost` as soon as the socket says so, and made again on the next call. One
 * that hangs is replaced ever more seldom: its calls fail by their limits until the server answers.
 */
export interface DatabaseProbe {
  readonly address: { host: string; port: number }
  position(): Promise<NodePosition>
  /** Commits one heartbeat; the authoritative write probe. */
  heartbeat(): Promise<Heartbeat>
  replication(): Promise<ReplicationRow[]>
  blocking(): Promise<BlockingView[]>
  slots(): Promise<SlotView[]>
  /** One look at what catalogue and statistics say of these tables; `known` are numbers (oid) of tables of an earlier look. */
  dataLook(tables: readonly string[], known: readonly string[]): Promise<DataLook>
  /**
   * Counts exactly. Each table and each query has the probe's limit and its own turn, so that others are asked in between; what
   * takes longer is a failure of its own. Throws PortError when the node itself does not answer.
   */
  countData(questions: DataQuestions): Promise<DataCount>
  /**
   * Checks one index of these tables with amcheck, the one after `after`, within the probe's limit. Throws PortError 'config' where
   * the extension is not installed and 'auth' where our role may not use it.
   */
  checkIndex(tables: readonly string[], after: string | null): Promise<IndexCheck>
  /** aurora_replica_status(), which only Aurora has. Throws PortError 'config' elsewhere. */
  auroraReplicas(): Promise<AuroraReplica[]>
  onLost(listener: (error: { kind: 'closed' | 'reset'; at: number }) => void): void
  close(): Promise<void>
}

export interface ProbeLimits {
  connectMs: number
  queryMs: number
}

/** What stands between the application's roles and a write on one node. */
export interface FenceLook {
  /** Application roles that may still log in. */
  canLogin: string[]
  /** Sessions that they still have. */
  sessions: number
  readOnlyByDefault: boolean
  /** A write that deletes nothing, tried in a new session: the SQLSTATE that refused it, or null when it was let through. */
  write: { by: string; refusedWith: string | null }
}

/** The changing side of the guarded database, under a role of its own that only a recovery uses. Throws PortError. */
export interface DatabaseControl {
  readonly user: string
  /**
   * Runs statements in turn, each its own transaction, each once; `mayGoOn` is asked before each and throws when it must
   * not. A statement that the server refuses does not keep those after it from being tried: the error at the end names each
   * that was refused. It has `outcome: 'unknown'` when part of the rest has happened.
   */
  execute(address: { host: string; port: number }, statements: string[], mayGoOn: () => void): Promise<{ done: number }>
  look(address: { host: string; port: number }, applicationRoles: string[]): Promise<FenceLook>
  /** Sessions that these roles have on one node, those of less than `olderThanSeconds` left out. */
  sessions(
    address: { host: string; port: number },
    applicationRoles: string[],
    olderThanSeconds: number,
  ): Promise<LeftSession[]>
  /** What this role may do on one node to close it to these roles, by the server's own word. Changes nothing. */
  rights(address: { host: string; port: number }, roles: string[]): Promise<FenceRights>
}

/** What is read to tell damage: tables, and queries whose every row breaks an invariant. */
export interface DataQuestions {
  tables: readonly string[]
  invariants: readonly { name: string; sql: string }[]
}

/** Opens probes; the adapter holds user and password. */
export interface Database {
  probe(name: string, address: { host: string; port: number }, limits: ProbeLimits): DatabaseProbe
  /**
   * The greatest number of each writer that a table holds, not above the given one; null where it holds none. Over a
   * connection of its own. Throws PortError.
   */
  numbersHeld(
    address: { host: string; port: number },
    table: { table: string; writerColumn: string; numberColumn: string },
    upTo: Record<string, number>,
    limits: ProbeLimits,
  ): Promise<Record<string, number | null>>
  /** The numbers of each writer that a table holds, as runs of consecutive ones. Over a connection of its own. Throws PortError. */
  numberRanges(
    address: { host: string; port: number },
    table: { table: string; writerColumn: string; numberColumn: string },
    limits: ProbeLimits,
  ): Promise<NumberRange[]>
  /**
   * Counts what one node holds, over a connection of its own that is closed afterwards; `queryMs` bounds each table, and
   * what takes longer or may not be read becomes a gap. Throws PortError when the node itself does not answer.
   */
  survey(address: { host: string; port: number }, request: SurveyRequest, limits: ProbeLimits): Promise<Survey>
}
