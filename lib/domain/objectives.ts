import { budgetSeconds, monthOf } from './cluster/availability'
import { nodeWords } from './cluster/node-key'
import type { CandidateView } from './cluster/types'
import type { ClocksView, Verdict } from './incident/clocks-view'
import type { Forecast } from './run/remaining'
import { durationWords, plural } from './units'

/** The customer's targets. Seconds; the share of a month that the service must be up. */
export interface Objectives {
  rto: { targetSeconds: number; maximumSeconds: number }
  rpo: { targetSeconds: number; maximumSeconds: number }
  monthlyAvailability: number
  /** Acknowledged commits that may be lost, when the customer promised a figure. */
  committedLossTolerance?: number
}

/** What one run says of the recovery; null where it does not know. */
export interface RunTimes {
  startedAt: number
  impactAt: number | null
  detectedAt: number | null
  restoredAt: number | null
  lossSeconds: number | null
  /** It is the most that WAL positions allow, where no heartbeat measured it. */
  lossEstimated?: true
  /** Acknowledged commits that are gone, counted by their numbers; null where nobody could count. */
  lostCommits: number | null
  /** What remains of an active run; null for one that is over. */
  forecast: Forecast | null
}

/** Minutes in which at least half of the write probes failed: of the incident, and of its month so far. */
export interface Downtime {
  down: number
  /** Minutes of the incident in which there were probes at all. */
  watched: number
  monthDown: number
}

export interface ClockFacts {
  impactStartedAt: number
  detectedAt: number | null
  declaredAt: number
  resolvedAt: number | null
  /** Data was damaged or deleted: lag says nothing about what is lost. */
  damaged: boolean
  /** Real runs and drills of this incident, oldest first; no dry runs. */
  runs: RunTimes[]
  /** When the checklist proved the write path, for an incident that ended without a run that did. */
  provedAt: number | null
  /** Null when nobody asked for it. */
  downtime: Downtime | null
  /** Best candidate of the latest picture, when there is one. */
  candidate: Pick<CandidateView, 'nodeId' | 'loss' | 'observedAt'> | null
}

/** A finished figure against target and maximum: up to the target it is met, up to the maximum it is within. */
export function verdictOf(value: number | null, limits: { target: number; maximum: number }): Verdict {
  if (value === null) return 'unknown'
  return value <= limits.target ? 'met' : value <= limits.maximum ? 'within-maximum' : 'breached'
}

/** Where the customer's own targets cannot all be kept at once; null when they can. */
export function contradictionOf(objectives: Objectives, now: number): string | null {
  const { fromMs, toMs } = monthOf(now)
  const budget = budgetSeconds(objectives.monthlyAvailability, fromMs, toMs)
  const { targetSeconds } = objectives.rto
  const percent = (part: number) => `${Math.round((part / budget) * 100)} %`
  const found = [
    ...(targetSeconds > budget
      ? [
          `A recovery at the RTO target of ${durationWords(targetSeconds * 1000)} uses ${percent(targetSeconds)} of the monthly downtime budget of ${durationWords(budget * 1000)}.`,
        ]
      : []),
    ...(objectives.committedLossTolerance === 0 && objectives.rpo.targetSeconds > 0
      ? [
          `An RPO of ${durationWords(objectives.rpo.targetSeconds * 1000)} allows loss; zero lost commits does not. Both are reported.`,
        ]
      : []),
  ]
  return found.length ? `The targets contradict each other. ${found.join(' ')}` : null
}

/**
 * All clocks of an incident. The RTO runs from the start of the impact to the restored write path and never pauses; the
 * RPO is the loss of the best candidate while nothing was promoted, then what the run measured by heartbeats. Sources:
 * procedures, section 6. An incident that ended without a proved write path has no verdict.
 */
export function clocksOf(facts: ClockFacts, objectives: Objectives, now: number): ClocksView {
  const { impactStartedAt, runs, resolvedAt } = facts
  const first = runs[0] ?? null
  const measured = runs.findLast((run) => run.restoredAt !== null)?.restoredAt ?? null
  const restored = measured ?? (resolvedAt === null ? null : facts.provedAt)
  const over = restored ?? resolvedAt
  const rtoLimits = { target: objectives.rto.targetSeconds * 1000, maximum: objectives.rto.maximumSeconds * 1000 }
  const elapsedMs = Math.max(0, (over ?? now) - impactStartedAt)
  const verdict = verdictOf(elapsedMs, rtoLimits)
  const forecast = over === null ? (runs.findLast((run) => run.forecast !== null)?.forecast ?? null) : null
  const detected = facts.detectedAt ?? runs.find((run) => run.detectedAt !== null)?.detectedAt ?? null
  const { fromMs, toMs } = monthOf(impactStartedAt)
  const budgetMs = budgetSeconds(objectives.monthlyAvailability, fromMs, toMs) * 1000
  return {
    impactStartedAt,
    detectedAt: detected,
    declaredAt: facts.declaredAt,
    runStartedAt: first?.startedAt ?? null,
    restoredAt: restored,
    resolvedAt,
    now,
    rto: {
      targetMs: rtoLimits.target,
      maximumMs: rtoLimits.maximum,
      elapsedMs,
      verdict: over === null ? (verdict === 'met' ? 'open' : verdict) : restored === null ? 'unknown' : verdict,
      projected: forecast?.known
        ? {
            lowAt: now + forecast.lowSeconds * 1000,
            highAt: now + forecast.highSeconds * 1000,
            verdict: verdictOf(elapsedMs + forecast.highSeconds * 1000, rtoLimits),
            basis: forecast.basis,
          }
        : null,
      notProjected:
        over !== null || forecast?.known ? null : (forecast?.why ?? 'No recovery is running; no estimate yet.'),
    },
    rpo: rpoOf(facts, objectives, measured),
    availability: {
      targetShare: objectives.monthlyAvailability,
      budgetMs,
      ...spentOf(facts.downtime, budgetMs),
      contradiction: contradictionOf(objectives, impactStartedAt),
    },
  }
}

const minuteMs = 60_000

/** What an incident spent of the month's budget; not known without a probe in its time. */
function spentOf(downtime: Downtime | null, budgetMs: number) {
  const unknown = { spentMs: null, share: null, monthSpentMs: null, says: 'No write probes from that time.' }
  if (!downtime || downtime.watched === 0)
    return downtime ? { ...unknown, monthSpentMs: downtime.monthDown * minuteMs } : unknown
  const spentMs = downtime.down * minuteMs
  return {
    spentMs,
    share: budgetMs > 0 ? spentMs / budgetMs : 0,
    monthSpentMs: downtime.monthDown * minuteMs,
    says: `In ${downtime.down} of ${downtime.watched} watched ${plural(downtime.watched, 'minute')} at least half of the write probes failed.`,
  }
}

function rpoOf(facts: ClockFacts, objectives: Objectives, restored: number | null): ClocksView['rpo'] {
  const limits = { target: objectives.rpo.targetSeconds * 1000, maximum: objectives.rpo.maximumSeconds * 1000 }
  const base = {
    targetMs: limits.target,
    maximumMs: limits.maximum,
    atLeastMs: null,
    atMostMs: null,
    atLeastBytes: null,
    atMostBytes: null,
    fixedAt: null,
    committedLoss: 'unknown' as const,
  }
  const measured = facts.runs.findLast((run) => run.lossSeconds !== null)
  if (measured?.lossSeconds != null) {
    const lost = measured.lossSeconds * 1000
    return {
      ...base,
      state: 'fixed',
      atLeastMs: lost,
      atMostMs: lost,
      fixedAt: measured.restoredAt ?? measured.startedAt,
      verdict: verdictOf(lost, limits),
      ...(measured.lossEstimated && { atLeastMs: 0, estimated: true as const }),
      ...committed(measured.lostCommits, lost, measured.lossEstimated === true),
    }
  }
  const unknown = (says: string): ClocksView['rpo'] => ({ ...base, state: 'unknown', verdict: 'unknown', says })
  if (facts.damaged) return unknown('Unknown: it depends on when the damage began.')
  if (restored !== null) return unknown('The loss could not be measured after the recovery.')
  if (facts.resolvedAt !== null) return unknown('No recovery was run, so no loss was measured.')
  if (!facts.candidate) return unknown('Unknown: there is no candidate now.')
  const { loss, nodeId } = facts.candidate
  if (!loss.known) return unknown(`Unknown for ${nodeWords(nodeId)}: ${loss.why}`)
  const atMostMs = loss.atMost.seconds * 1000
  return {
    ...base,
    state: 'live',
    atLeastMs: loss.atLeast.seconds * 1000,
    atMostMs,
    atLeastBytes: loss.atLeast.bytes,
    atMostBytes: loss.atMost.bytes,
    verdict: verdictOf(atMostMs, limits),
    says: `If ${nodeWords(nodeId)} takes over now.`,
  }
}

/**
 * What became of acknowledged commits. Heartbeats alone can show that some are lost, never that none is: between the last
 * of them and the end of the old writer others may have been acknowledged.
 */
function committed(
  commits: number | null,
  lostMs: number,
  estimated: boolean,
): Pick<ClocksView['rpo'], 'says' | 'committedLoss'> {
  const span = lostMs < 50 ? 'Less than 0.1 s' : durationWords(lostMs)
  if (estimated) {
    const most = `At most ${lostMs < 50 ? '0.1 s' : span} of writes is lost (estimated by WAL position).`
    return commits === null
      ? { says: `${most} Whether a commit was lost is unknown.`, committedLoss: 'unknown' }
      : { says: `${most} ${commitWords(commits)}`, committedLoss: commits > 0 ? 'some' : 'none' }
  }
  const beats =
    lostMs > 0 ? `${span} of writes ${lostMs < 50 ? 'is' : 'are'} lost (by heartbeat).` : 'No heartbeat is lost.'
  if (commits !== null)
    return {
      says: `${beats} ${commitWords(commits)}`,
      committedLoss: commits > 0 ? 'some' : 'none',
    }
  return lostMs > 0
    ? { says: beats, committedLoss: 'some' }
    : { says: `${beats} Whether a later commit was lost is unknown.`, committedLoss: 'unknown' }
}

const commitWords = (commits: number): string =>
  `${commits} acknowledged ${plural(commits, 'commit')} ${commits === 1 ? 'is' : 'are'} lost (by commit number).`
