import { plural } from '../units'
import type { PoolView } from './types'

/** A pool that is paused, in the words of every screen and step. */
export function pausedWords({ pausedAll, clientsWaiting }: PoolView): string {
  const waiting = `${clientsWaiting} ${plural(clientsWaiting, 'client')} ${plural(clientsWaiting, 'is', 'are')} waiting.`
  return `PgBouncer is paused${pausedAll ? ' (all databases)' : ''}. ${waiting}`
}

/**
 * Do clients wait because somebody else than a run of ours paused the pool? A run pauses its own database alone, so a PAUSE of
 * all databases is never a run's.
 */
export const isPausedByOthers = (pool: PoolView, heldByRun: boolean): boolean =>
  pool.paused && pool.clientsWaiting > 0 && (pool.pausedAll === true || !heldByRun)
