import type { Call } from '../domain/procedure/call'
import type { Effect } from '../domain/run/run'
import { PortError } from '../ports/port-error'
import { fenceHolds } from '../store/journal'
import type { Fence } from '../store/run-moves'
import type { Reply } from './effects'
import type { EngineSettings } from './run-context'
import { TurnOver } from './turn'

/** What came of a call that was sent. */
export interface Sent {
  outcome: NonNullable<Effect['outcome']>
  message: string | null
  reply: Reply | null
  /** The refusal or the doubt, as the other side gave it; null without one, and for an error that nobody foresaw. */
  error: PortError | null
}

/** A call that works through many rows, or loads them, says itself how long it may take. */
const callLimitOf = ({ callLimitMs }: Pick<EngineSettings, 'callLimitMs'>, call: Call): number =>
  call.kind === 'rows' || call.kind === 'load' ? call.limitMs : callLimitMs

/**
 * Sends what was intended, once. The lease is checked right before, by both clocks of this machine and by the store: a runner
 * that was frozen after its intent, or whose machine was suspended, sends nothing, and throws TurnOver. The intent stays open
 * then, and is taken up like that of a lost runner.
 */
export async function sendOnce(
  engine: Pick<EngineSettings, 'store' | 'turn' | 'send' | 'callLimitMs' | 'log'>,
  fence: Fence,
  runId: string,
  call: Call,
  long?: { stop: AbortSignal; heard: (says: string) => void },
): Promise<Sent> {
  if (!(await fenceHolds(engine.store, fence)) || !engine.turn.holds()) throw new TurnOver()
  try {
    const limit = AbortSignal.timeout(callLimitOf(engine, call))
    const reply = await engine.send(call, long ? AbortSignal.any([limit, long.stop]) : limit, long?.heard)
    return { outcome: 'accepted', message: null, reply, error: null }
  } catch (error) {
    if (error instanceof TurnOver) throw error
    if (error instanceof PortError) return { outcome: error.detail.outcome, message: error.message, reply: null, error }
    engine.log('error', 'A call failed in an unforeseen way', { runId, error: String(error) })
    // It says nothing about the other side.
    return { outcome: 'unknown', message: 'The call failed in an unforeseen way.', reply: null, error: null }
  }
}
