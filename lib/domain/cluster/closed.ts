import type { ClusterEvent } from './types'

/** RDS tells the time of an event in whole seconds, on its own clock: so much later the end may have been. */
const eventSlackMs = 1000

/**
 * Since when, by the RDS API's own word, the writer could no longer accept writes, ms; null while it could (procedures,
 * section 3: the upper bound of loss ends here). Only the newest word about this node counts: an instance that was shut down
 * and restarted is open again, and a position or heartbeat later than the shutdown disproves it. Silence proves nothing.
 */
export function closedAtOf(
  events: readonly ClusterEvent[],
  writerId: string | null,
  lastProofOfWriting: number | null,
): number | null {
  if (writerId === null) return null
  let last: { at: number; closed: boolean } | null = null
  for (const { at, source, message } of events) {
    if (source !== writerId || (last && at < last.at)) continue
    // "DB instance shutdown" and "... restarted", "Recovery of the DB instance is complete": RDS events 4, 6 and 21.
    if (/\bshut ?down\b/i.test(message)) last = { at, closed: true }
    else if (/\b(restarted|recovery .* is complete|finished .*restart)/i.test(message)) last = { at, closed: false }
  }
  if (!last?.closed) return null
  const closedAt = last.at + eventSlackMs
  return lastProofOfWriting !== null && lastProofOfWriting > closedAt ? null : closedAt
}
