import { durationWords } from '../units'
import type { ProbeState } from './items'

export interface PerformanceSample {
  at: number
  /** 0..1; null when it is not known. */
  errorRatio: number | null
  p95Ms: number | null
}

const minuteMs = 60_000
/** Minutes before the impact at which the usual value is looked up: dense near it, thin towards the hour. */
const before = [0.25, 0.5, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 50, 60]
export const hourBefore = (impactStartedAt: number): number[] => before.map((m) => impactStartedAt - m * minuteMs)

/** Moments of the same hour a week before, every five minutes around the one that is judged. */
export const weekBefore = (now: number): number[] =>
  Array.from({ length: 13 }, (_, i) => now - 7 * 24 * 60 * minuteMs + (i - 6) * 5 * minuteMs)

/** What the usual value is taken from: traffic follows the hour and the day, so a week before comes first. */
export type ComparedWith = 'week-before' | 'hour-before'
export const comparedWords: Record<ComparedWith, string> = {
  'week-before': 'at the same hour a week before',
  'hour-before': 'in the hour before the impact',
}

/** Limits of the customer's checklist, item 4. */
const worstErrors = 0.005
const slowestTimes = 1.5
/** Differences below this are the noise of measuring, ms. */
const noiseMs = 20

/**
 * Errors below 0.5 % and a 95th percentile of at most 1.5 times the usual, all through the last `steadyMs`. The usual is
 * the middle of the earlier samples; without it only the errors are judged and the rest is unknown.
 */
export function judgePerformance(
  recent: readonly PerformanceSample[],
  usual: readonly PerformanceSample[],
  comparedWith: ComparedWith,
  steadyMs: number,
): { state: ProbeState; says: string } {
  const known = recent.filter((s) => s.errorRatio !== null && s.p95Ms !== null).toSorted((a, b) => b.at - a.at)
  const newest = known[0]
  if (!newest) return { state: 'unknown', says: 'Prometheus has no application metrics.' }
  const slow = usual.flatMap(({ p95Ms }) => p95Ms ?? []).toSorted((a, b) => a - b)
  const middle = slow[Math.floor((slow.length - 1) / 2)] ?? null
  const limitMs = middle === null ? null : Math.max(slowestTimes * middle, middle + noiseMs)
  const trouble = (s: PerformanceSample): string | null =>
    (s.errorRatio ?? 0) >= worstErrors
      ? `${((s.errorRatio ?? 0) * 100).toFixed(2)} % of requests fail, 0.5 % or more.`
      : limitMs !== null && (s.p95Ms ?? 0) > limitMs
        ? `The 95th percentile is ${ms(s.p95Ms)}; it was ${ms(middle)} ${comparedWords[comparedWith]}.`
        : null
  const now = trouble(newest)
  if (now) return { state: 'fail', says: now }
  const figures = `${((newest.errorRatio ?? 0) * 100).toFixed(2)} % errors, 95th percentile ${ms(newest.p95Ms)}`
  if (middle === null)
    return {
      state: 'unknown',
      says: `${figures}. The baseline is unknown: there are no metrics from a week before, or from the hour before the impact.`,
    }
  const last = known.find((s) => trouble(s) !== null)
  if (last)
    return {
      state: 'unknown',
      says: `${figures}, within limits for ${durationWords(newest.at - last.at)} of ${durationWords(steadyMs)} required.`,
    }
  return {
    state: 'pass',
    says: `${figures}; ${ms(middle)} ${comparedWords[comparedWith]}. Steady for ${durationWords(steadyMs)}.`,
  }
}

const ms = (value: number | null) => (value === null ? 'unknown' : `${Math.round(value)} ms`)
