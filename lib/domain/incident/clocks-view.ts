/** A figure against its target and maximum. `open` while it still runs, `unknown` when it cannot be worked out. */
export type Verdict = 'open' | 'met' | 'within-maximum' | 'breached' | 'unknown'

export interface ClocksView {
  impactStartedAt: number
  detectedAt: number | null
  declaredAt: number
  runStartedAt: number | null
  /** Write path proved again; the RTO stops here. */
  restoredAt: number | null
  resolvedAt: number | null
  /** When the reader's answer was made: browsers count on from here. */
  now: number
  rto: {
    targetMs: number
    maximumMs: number
    /** Restored (or now) minus impact. */
    elapsedMs: number
    verdict: Verdict
    /** From the steps that remain; null when no run can say. `basis` names where the figure comes from. */
    projected: { lowAt: number; highAt: number; verdict: Verdict; basis: string } | null
    /** Why there is no projection while the impact lasts. */
    notProjected: string | null
  }
  rpo: {
    targetMs: number
    maximumMs: number
    /** Loss if we fail over now (`live`), or what was lost (`fixed`). */
    state: 'live' | 'fixed' | 'unknown'
    atLeastMs: number | null
    atMostMs: number | null
    atLeastBytes: number | null
    atMostBytes: number | null
    fixedAt: number | null
    verdict: Verdict
    /** What was lost is bounded by WAL positions: no heartbeat measured it. */
    estimated?: true
    /** A sentence: which candidate, or why it is unknown. */
    says: string
    /** The customer's other promise, kept apart: was any acknowledged commit lost? */
    committedLoss: 'none' | 'some' | 'unknown'
  }
  availability: {
    targetShare: number
    budgetMs: number
    /** Minutes of this incident in which at least half of the write probes failed, as ms; null without probes. */
    spentMs: number | null
    /** Spent by budget, 1 = all of it. */
    share: number | null
    /** All downtime of the incident's month so far, ms. */
    monthSpentMs: number | null
    /** How it was counted, or why it is not known. */
    says: string
    /** The customer's targets contradict each other here; null when they do not. */
    contradiction: string | null
  }
}
