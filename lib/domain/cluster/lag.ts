import { bytesBetween } from './lsn'
import { type SeenPosition, streamOf, type WriterObservation } from './position'
import type { Lag } from './types'
import type { WalClock } from './wal-clock'
import { ofOtherDatabase } from './wal-history'

const unknown = (why: string): Lag => ({ known: false, why })

/**
 * Lag of a reader behind the best-known writer position (procedures, section 3, "Lag"): seconds(c) = P.t - time at which
 * the log ended at what c holds, 0 only when no byte is missing. It is unknown while the reader's WAL stream is gone or
 * silent, and while the position of the writer is unknown: never 0 by default.
 */
export function lagOf(seen: SeenPosition, writer: WriterObservation | null, clock: WalClock): Lag {
  const stream = streamOf(seen)
  if (!stream.alive) return unknown(stream.why)
  const { haveLsn, replayLsn, receiver } = seen.value
  if (haveLsn === null) return unknown('it has received no WAL yet')
  if (!writer || writer.at === null) return unknown('the position of the writer is unknown')
  if (ofOtherDatabase(seen.value, writer)) return unknown('it is a copy of another database than the writer')
  if (writer.timeline !== null && receiver?.timeline != null && receiver.timeline !== writer.timeline)
    return unknown(`it follows timeline ${receiver.timeline}, the writer is on ${writer.timeline}`)
  const bytes = bytesBetween(haveLsn, writer.lsn)
  const seconds = bytes === 0 ? 0 : secondsBehind(seen, haveLsn, writer.at, clock)
  if (seconds === null) return unknown('it is behind the oldest heartbeat that is known here')
  const replay = replayLsn ?? haveLsn
  const replayBytes = bytesBetween(replay, haveLsn)
  return { known: true, seconds, bytes, replayBytes, replaySeconds: replaySeconds(seen, replay, haveLsn, clock) }
}

/** Without a heartbeat that old, the beat visible on the reader bounds its lag from above. */
function secondsBehind(seen: SeenPosition, have: bigint, at: number, clock: WalClock): number | null {
  const reached = clock.timeOf(have)
  if (reached !== null) return Math.max(0, at - reached) / 1000
  const beat = seen.value.beat
  return beat ? Math.max(0, seen.value.at - beat.at) / 1000 : null
}

/** Seconds of history that are received and not yet replayed; the replay itself may go faster. */
export function replaySeconds(seen: SeenPosition, replay: bigint, have: bigint, clock: WalClock): number {
  if (have <= replay) return 0
  const from = clock.timeOf(replay)
  const to = clock.timeOf(have)
  if (from !== null && to !== null) return Math.max(0, to - from) / 1000
  const beat = seen.value.beat
  return beat ? Math.max(0, seen.value.at - beat.at) / 1000 : 0
}
