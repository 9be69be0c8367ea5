import type { NodePosition } from './types'

/** A node's last good Q1, with the times of the probe that brought it. */
export interface SeenPosition {
  nodeId: string
  startedAt: number
  endedAt: number
  value: NodePosition
}

/**
 * One account of where the writer's log ended, on the collector's clock. `at` is null when only the position is certain:
 * what a reader holds the writer certainly wrote, but not when the log ended there.
 */
export interface WriterObservation {
  at: number | null
  lsn: bigint
  timeline: number | null
  /** Of which database; left out where nobody told. */
  systemId?: string | null
  /** In words for the screen: "its own answer", "heard by replica-1". */
  from: string
}

/**
 * Best-known writer position P: the greatest position among the observations of the newest timeline (procedures,
 * section 3). Its time is the latest dated observation: at that time the log ended at or before P, so the blindness
 * counted from it is never too short. Null when nothing was observed.
 */
export function bestKnownPosition(observations: readonly WriterObservation[]): WriterObservation | null {
  const timelines = observations.flatMap((o) => (o.timeline === null ? [] : [o.timeline]))
  const timeline = timelines.length ? Math.max(...timelines) : null
  let best: WriterObservation | null = null
  let at: number | null = null
  for (const o of observations) {
    if (timeline !== null && o.timeline !== timeline) continue
    if (o.at !== null && (at === null || o.at > at)) at = o.at
    if (!best || o.lsn > best.lsn || (o.lsn === best.lsn && (o.at ?? 0) > (best.at ?? 0))) best = o
  }
  return best && { ...best, at }
}

/** Receivers heard longer ago than this say nothing about lag (procedures, section 3). */
const heardLimitMs = 10_000

type StreamState = { alive: true; heardAt: number } | { alive: false; why: string }

/**
 * Is this reader's WAL stream alive at the time of its sample? It is when the receiver streams and heard from its sender
 * within the limit, both on the reader's own clock.
 */
export function streamOf(seen: SeenPosition, limitMs = heardLimitMs): StreamState {
  const { receiver, at } = seen.value
  if (!seen.value.standby) return { alive: false, why: 'it is not a reader' }
  if (!receiver) return { alive: false, why: 'it has no WAL stream' }
  if (receiver.status !== 'streaming') return { alive: false, why: `its WAL receiver is ${receiver.status}` }
  if (receiver.heardAt === null) return { alive: false, why: 'it has not heard from the writer yet' }
  const silentMs = at - receiver.heardAt
  if (silentMs > limitMs)
    return { alive: false, why: `it last heard from the writer ${Math.round(silentMs / 1000)} s ago` }
  // The reader's clock may differ from ours: the age is carried over, not the time.
  return { alive: true, heardAt: seen.endedAt - Math.max(0, silentMs) }
}

/** Every account of the writer's position that the nodes' own answers give. */
export function observationsOf(
  writerId: string | null,
  seen: readonly SeenPosition[],
  nameOf: (id: string) => string = (id) => id,
): WriterObservation[] {
  const found: WriterObservation[] = []
  for (const s of seen) {
    const { systemId } = s.value
    if (s.nodeId === writerId && !s.value.standby && s.value.flushLsn !== null)
      found.push({ at: s.endedAt, lsn: s.value.flushLsn, timeline: s.value.timeline, systemId, from: 'its own answer' })
    const receiver = s.value.receiver
    if (s.value.standby && receiver?.originLsn != null) {
      const silentMs = receiver.heardAt === null ? 0 : Math.max(0, s.value.at - receiver.heardAt)
      found.push({
        at: s.endedAt - silentMs,
        lsn: receiver.originLsn,
        timeline: receiver.timeline ?? s.value.timeline,
        systemId,
        from: `heard by ${nameOf(s.nodeId)}`,
      })
    }
    // What a reader received the writer certainly wrote, whatever the stream says now.
    if (s.value.standby && s.value.haveLsn !== null)
      found.push({
        at: null,
        lsn: s.value.haveLsn,
        timeline: receiver?.timeline ?? null,
        systemId,
        from: `held by ${nameOf(s.nodeId)}`,
      })
  }
  return found
}
