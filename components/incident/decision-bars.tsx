'use client'

import type { ClocksView, DecisionOption, Verdict } from '../../lib/domain/incident/view'
import { useElapsedMs } from './elapsed'

/** From the impact to the recovery, against the RTO: what has passed, and between which times it would be done. */
export function TimeBar({ done, clocks }: { done: DecisionOption['doneAfterMs']; clocks: ClocksView }) {
  const elapsed = useElapsedMs(clocks)
  const at = (ms: number) => `${Math.min(100, (100 * ms) / clocks.rto.maximumMs)}%`
  return (
    <span className="sheet-bar" aria-hidden>
      <i className="gone" style={{ width: at(elapsed) }} />
      {done ? (
        <>
          <i className="range" style={{ left: at(done.low), right: `calc(100% - ${at(done.high)})` }} />
          <i className="low" style={{ left: at(done.low) }} />
        </>
      ) : (
        <i className="unknown" />
      )}
      <b style={{ left: at(clocks.rto.targetMs), borderColor: 'var(--state-lagging)' }} />
      <b style={{ left: '100%', borderColor: 'var(--state-problem)' }} />
    </span>
  )
}

const lossColours: Record<Verdict, string> = {
  open: 'bg-state-unknown',
  met: 'bg-state-ok',
  'within-maximum': 'bg-state-lagging',
  breached: 'bg-state-problem',
  unknown: 'bg-state-unknown',
}
const dayMs = 86_400_000

/** Where a span lies on the logarithmic scale from a second to a day, percent. */
const logPercent = (ms: number): number =>
  Math.min(100, Math.max(1, (100 * Math.log10(1 + ms / 1000)) / Math.log10(1 + dayMs / 1000)))

/** What would be lost, against the RPO. */
export function LossBar({
  loss,
  verdict,
  rpo,
}: {
  loss: DecisionOption['loss']
  verdict: Verdict
  rpo: { targetMs: number; maximumMs: number }
}) {
  return (
    <span className="sheet-bar" aria-hidden>
      {loss.highMs === null ? (
        <i className="unknown" />
      ) : (
        <i className={`left-0 opacity-40 ${lossColours[verdict]}`} style={{ width: `${logPercent(loss.highMs)}%` }} />
      )}
      <b style={{ left: `${logPercent(rpo.targetMs)}%`, borderColor: 'var(--state-lagging)' }} />
      <b style={{ left: `${logPercent(rpo.maximumMs)}%`, borderColor: 'var(--state-problem)' }} />
    </span>
  )
}
