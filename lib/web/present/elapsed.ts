import type { ClocksView } from '../../domain/incident/view'

/** Time elapsed of the RTO at an instant of the server's clock; it stops when the write path is restored. */
export const elapsedAt = (
  clocks: Pick<ClocksView, 'impactStartedAt' | 'restoredAt' | 'resolvedAt' | 'now'>,
  now: number,
) => Math.max(0, (clocks.restoredAt ?? clocks.resolvedAt ?? (now || clocks.now)) - clocks.impactStartedAt)
