import type { AuroraReplica } from '../domain/cluster/aurora'
import type { DataCount, DataLook, IndexCheck } from '../domain/cluster/damage-memory'
import type { SeenPosition } from '../domain/cluster/position'
import { emptyTrack, type Track, track } from '../domain/cluster/track'
import type { BlockingView, Lag, NodePosition, Sample, SlotView } from '../domain/cluster/types'
import type { Clock } from '../ports/clock'
import type { Database, DatabaseProbe, DataQuestions, ReplicationRow } from '../ports/database'
import { sample } from './sample'

/** Q5 changes slowly; it is asked this seldom. */
export const slotsEveryMs = 30_000

/**
 * One node by its own address: two standing connections, one for its position (Q1) and one for the slower questions, so
 * that a slow blocking tree never makes a position late.
 */
export class NodeProbe {
  position: Track<NodePosition> = emptyTrack()
  blocking: Track<BlockingView[]> = emptyTrack()
  replication: Track<ReplicationRow[]> = emptyTrack()
  slots: Track<SlotView[]> = emptyTrack()
  /** Aurora's own word of all its nodes; asked of the writer. */
  aurora: Track<AuroraReplica[]> = emptyTrack()
  #slotsAskedAt = 0
  seen: SeenPosition | null = null
  /** Lag as worked out in the round of its sample. */
  lag: { value: Lag; at: number } | null = null
  stream: { alive: boolean | null; since: number | null } = { alive: null, since: null }
  /** Begin and newest end of the present row of answers "I accept writes". */
  accepting: { since: number; lastAt: number } | null = null
  readonly #quick: DatabaseProbe
  readonly #slow: DatabaseProbe
  #busy = false
  #slowBusy = false

  constructor(
    private readonly clock: Clock,
    database: Database,
    readonly id: string,
    readonly address: { host: string; port: number },
    onLost: (id: string) => void,
  ) {
    this.#quick = database.probe(id, address, { connectMs: 3000, queryMs: 2000 })
    this.#slow = database.probe(`${id}-slow`, address, { connectMs: 3000, queryMs: 2000 })
    this.#quick.onLost(() => onLost(id))
  }

  /** One Q1. Answers null while the one before is still under way. */
  async ask(): Promise<Sample<NodePosition> | null> {
    if (this.#busy) return null
    this.#busy = true
    const s = await sample(this.clock, this.id, 'collector', 5500, () => this.#quick.position())
    this.#busy = false
    this.position = track(this.position, s)
    if (!s.ok) {
      this.accepting = null
      return s
    }
    this.seen = { nodeId: this.id, startedAt: s.startedAt, endedAt: s.endedAt, value: s.value }
    // A former writer that was fenced is no standby, and takes no writes either.
    this.accepting =
      s.value.standby || s.value.readOnly ? null : { since: this.accepting?.since ?? s.startedAt, lastAt: s.endedAt }
    return s
  }

  /** Q3 everywhere, Q2 and now and then Q5 on the writer; of an Aurora writer what it knows of the caches. */
  async askSlow(isWriter: boolean, aurora: boolean): Promise<void> {
    if (this.#slowBusy) return
    this.#slowBusy = true
    const blocking = await sample(this.clock, this.id, 'collector', 5500, () => this.#slow.blocking())
    this.blocking = track(this.blocking, blocking)
    if (isWriter && blocking.ok)
      this.replication = track(
        this.replication,
        await sample(this.clock, this.id, 'collector', 5500, () => this.#slow.replication()),
      )
    if (isWriter && blocking.ok && this.clock.now() - this.#slotsAskedAt >= slotsEveryMs) {
      this.#slotsAskedAt = this.clock.now()
      this.slots = track(this.slots, await sample(this.clock, this.id, 'collector', 5500, () => this.#slow.slots()))
    }
    if (isWriter && blocking.ok && aurora)
      this.aurora = track(
        this.aurora,
        await sample(this.clock, this.id, 'collector', 5500, () => this.#slow.auroraReplicas()),
      )
    this.#slowBusy = false
  }

  dataLook(tables: readonly string[], known: readonly string[]): Promise<DataLook> {
    return this.#slow.dataLook(tables, known)
  }

  countData(questions: DataQuestions): Promise<DataCount> {
    return this.#slow.countData(questions)
  }

  checkIndex(tables: readonly string[], after: string | null): Promise<IndexCheck> {
    return this.#slow.checkIndex(tables, after)
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#quick.close(), this.#slow.close()])
  }
}
