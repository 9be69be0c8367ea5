import type { ClocksView } from '../../lib/domain/incident/view'
import { useNowSelect } from '../../lib/queries/clock'
import { elapsedAt } from '../../lib/web/present/elapsed'

/** Whole seconds of the RTO clock, ticking; equal numbers do not render again. Apart from the clocks, which a frame need not load. */
export function useElapsedMs(clocks: ClocksView): number {
  return useNowSelect(
    (now) => Math.floor(elapsedAt(clocks, now) / 1000) * 1000,
    Math.floor(clocks.rto.elapsedMs / 1000) * 1000,
  )
}
