import type { NodePosition } from './types'

/** What a standby had received when it last said of which timeline that was. */
export interface Received {
  systemId: string | null
  timeline: number
  haveLsn: bigint
}

/**
 * A standby names the timeline of its WAL only while its receiver lives. With the receiver gone it has the one of its last
 * checkpoint, which may be older by several failovers, as if it could not take over. What the same server had received before stays
 * received, unless it was made anew with less.
 */
export function withReceived(
  position: NodePosition,
  before: Received | null,
): { position: NodePosition; received: Received | null } {
  const { standby, receiver, haveLsn, systemId, timeline } = position
  if (!standby || haveLsn === null) return { position, received: null }
  const same =
    before !== null &&
    haveLsn >= before.haveLsn &&
    (before.systemId === null || systemId === null || before.systemId === systemId)
  const told = receiver?.timeline ?? null
  if (told !== null) return { position, received: { systemId, timeline: told, haveLsn } }
  if (!same) return { position, received: null }
  return { position: { ...position, timeline: Math.max(timeline ?? 0, before.timeline) }, received: before }
}
