/**
 * Which log do positions and timelines belong to? They are comparable within one history only. Null where nobody has told yet.
 */
export interface WalHistory {
  /** PostgreSQL's system identifier: made by initdb, so that a major upgrade has another. */
  systemId: string | null
  /** RDS's own identifier of the guarded cluster or instance: a restored one has another under the same name. */
  resourceId: string | null
}

const differ = (a: string | null, b: string | null) => a !== null && b !== null && a !== b

/**
 * Does another history begin with what is told now? By identity alone: a smaller timeline of the same database may be an old
 * writer that came back, and must never make us forget what the present one has written. What is not told remains as it was.
 */
export function followHistory(known: WalHistory, told: WalHistory): { history: WalHistory; begins: boolean } {
  const begins = differ(known.systemId, told.systemId) || differ(known.resourceId, told.resourceId)
  return {
    begins,
    history: {
      systemId: told.systemId ?? known.systemId,
      resourceId: told.resourceId ?? known.resourceId,
    },
  }
}

/** Are two answers certainly of different databases, whose positions and timelines say nothing of each other? */
export const ofOtherDatabase = (a: { systemId?: string | null } | null, b: { systemId?: string | null } | null) =>
  differ(a?.systemId ?? null, b?.systemId ?? null)
