import type { ClocksView, IncidentListItem, ReportView, TrendsView } from '../incident/view'
import { instantOf, wallTimeAt } from '../zone'

/**
 * Where the time of a recovery went: detect (impact to detection), decide (to the first run), execute (to the restored
 * write path, without waits), wait (`waitedMs`: its runs waited for people in that time) and verify (to resolved). A part whose
 * ends are not both known is null. Source: procedures, section 6.
 */
export function splitOf(clocks: ClocksView, waitedMs: number): ReportView['split'] {
  const between = (from: number | null, to: number | null) =>
    from === null || to === null ? null : Math.max(0, to - from)
  const recovering = between(clocks.runStartedAt, clocks.restoredAt)
  const waited = recovering === null ? null : Math.min(waitedMs, recovering)
  const detected = clocks.detectedAt ?? clocks.declaredAt
  return [
    { key: 'detect', label: 'Detect', ms: between(clocks.impactStartedAt, detected) },
    { key: 'decide', label: 'Decide', ms: between(detected, clocks.runStartedAt) },
    { key: 'wait', label: 'Wait for people', ms: waited },
    { key: 'execute', label: 'Execute', ms: recovering === null || waited === null ? null : recovering - waited },
    { key: 'verify', label: 'Verify', ms: between(clocks.restoredAt, clocks.resolvedAt) },
  ]
}

/**
 * The review: two days after the end (or the declaration while open), at 14:00 by the clocks of `zone`, counted in that
 * zone's own days. Source: the customer's runbook, which names no zone; the configuration does.
 */
export function rcaAt(clocks: Pick<ClocksView, 'resolvedAt' | 'declaredAt'>, zone: string): number {
  const end = wallTimeAt(clocks.resolvedAt ?? clocks.declaredAt, zone)
  return instantOf({ ...end, day: end.day + 2, hour: 14, minute: 0 }, zone)
}

const mean = (values: number[]): number | null =>
  values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length
const metShare = (verdicts: string[]): number | null => {
  const known = verdicts.filter((v) => v !== 'unknown' && v !== 'open')
  return known.length === 0 ? null : known.filter((v) => v === 'met').length / known.length
}

/** Means and attainment over real incidents that are over; drills and merged duplicates never count. */
export function trendsOf(items: readonly (IncidentListItem & { detectedAt: number | null })[]): TrendsView {
  const points = items
    .filter((item) => item.kind === 'real' && item.status === 'resolved')
    .toSorted((a, b) => a.impactStartedAt - b.impactStartedAt)
    .map((item) => ({
      number: item.number,
      title: item.title,
      at: item.impactStartedAt,
      detectMs: item.detectedAt === null ? null : Math.max(0, item.detectedAt - item.impactStartedAt),
      recoverMs: item.rto.attainedMs,
      rto: item.rto.verdict,
      rpo: item.rpo.verdict,
    }))
  return {
    points,
    mttdMs: mean(points.flatMap(({ detectMs }) => (detectMs === null ? [] : [detectMs]))),
    mttrMs: mean(points.flatMap(({ recoverMs }) => (recoverMs === null ? [] : [recoverMs]))),
    rtoMetShare: metShare(points.map(({ rto }) => rto)),
    rpoMetShare: metShare(points.map(({ rpo }) => rpo)),
  }
}
