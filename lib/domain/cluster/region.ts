import { plural } from '../units'
import { type RegionService, regionServices, serviceNames } from './region-services'
import type { Track } from './track'
import type { CanaryView, Diagnosis, RegionsView } from './types'
import type { CanaryOf, VantageReport } from './vantage'
import { errorWords } from './votes'

/** Times of the machine, milliseconds; production's are those of section 4 of the procedures. */
export interface RegionTimes {
  suspectMs: number
  confirmMs: number
  /** How long most services must answer again for the finding to end. */
  clearMs: number
}

/** At a pace of 1, as in production; where AWS's delays are compressed the same factor compresses these. */
export const regionTimes = (pace: number): RegionTimes => ({
  suspectMs: 180_000 * pace,
  confirmMs: 600_000 * pace,
  clearMs: 120_000 * pace,
})

/** Shares of the home region's services that fail, and how many at least (procedures, section 4, REGION). */
const suspectAt = 0.6
const confirmAt = 0.75
const clearAt = 0.4
const leastFailing = 3

/** An observation older than three periods says nothing (procedures, section 3). */
const periods = 3

/** Both regions as they are seen from the other one. A canary that was not asked, or not lately, is unknown. Pure. */
export function regionsOf(
  { value: report, okAt, error }: Track<VantageReport>,
  everyMs: number,
  now: number,
): RegionsView {
  const silent = okAt === null || now - okAt > periods * everyMs
  const seen = (of: CanaryOf): CanaryView[] =>
    (report?.canaries ?? [])
      .filter((canary) => canary.of === of)
      .toSorted((a, b) => place(a.service) - place(b.service))
      .map(({ service, sample }): CanaryView => {
        const observedAt = sample?.endedAt ?? null
        const base = { service, observedAt, everyMs: report?.everyMs ?? everyMs }
        if (silent) return { ...base, vote: 'unknown', detail: error ? 'DR collector silent' : 'stale', hard: false }
        if (!sample) return { ...base, vote: 'unknown', detail: 'not asked yet', hard: false }
        if (now - sample.endedAt > periods * base.everyMs + slowest)
          return { ...base, vote: 'unknown', detail: 'stale', hard: false }
        if (sample.ok) return { ...base, vote: 'ok', detail: 'responds', hard: false }
        const { kind } = sample.error
        // Whoever refuses us by name answers.
        if (kind === 'auth') return { ...base, vote: 'ok', detail: 'responds, sign-in refused', hard: false }
        if (kind === 'not-configured') return { ...base, vote: 'unknown', detail: sample.error.message, hard: false }
        return { ...base, vote: 'fail', detail: errorWords(sample.error), hard: kind === 'refused' || kind === 'reset' }
      })
  return { home: seen('home'), elsewhere: seen('own') }
}

/** A canary that hangs tells so only when its own limit has passed. */
const slowest = 10_000
const place = (service: RegionService) => regionServices.indexOf(service)

export interface RegionEvidence extends RegionsView {
  now: number
  region: string
  drRegion: string
  /** Does the home region's RDS API answer the first collector (V3)? */
  homeApi: 'answers' | 'silent' | 'unknown'
  /** An open issue that AWS Health reports for the home region; null where Health is not read or says nothing. */
  healthIssue: string | null
}

/** What the machine remembers between rounds. */
export interface RegionState {
  certainty: Diagnosis['certainty']
  since: number
  /** Since when the failing share reaches the one for a suspicion, and the one for certainty. */
  suspectSince: number | null
  confirmSince: number | null
  clearSince: number | null
}

export const initialRegionState = (now: number): RegionState => ({
  certainty: 'none',
  since: now,
  suspectSince: null,
  confirmSince: null,
  clearSince: null,
})

export interface RegionFinding {
  certainty: 'suspected' | 'confirmed'
  since: number
  /** Failing services over all. */
  confidence: number
  headline: string
  detail: string
  /** Does the evidence still hold at this moment? */
  holds: boolean
  confirmsAt: number | null
  evidence: string[]
}

/**
 * One round: is the home region down as a whole? It takes most of its services failing from the other region while all of that
 * region's own answer, and a second witness: the RDS API silent to the first collector too, or an issue that AWS reports. Pure.
 */
export function diagnoseRegion(
  before: RegionState,
  e: RegionEvidence,
  times: RegionTimes,
): { state: RegionState; finding: RegionFinding | null } {
  const fails = e.home.filter(({ vote }) => vote === 'fail')
  const known = e.home.filter(({ vote }) => vote !== 'unknown')
  const share = e.home.length === 0 ? 0 : fails.length / e.home.length
  const ownFine = e.elsewhere.length > 0 && e.elsewhere.every(({ vote }) => vote === 'ok')
  const witness = e.homeApi === 'silent' || e.healthIssue !== null
  const reaches = (least: number) => share >= least && fails.length >= leastFailing && ownFine && witness
  const suspectSince = reaches(suspectAt) ? (before.suspectSince ?? e.now) : null
  const confirmSince = reaches(confirmAt) ? (before.confirmSince ?? e.now) : null
  // What nobody sees disproves nothing.
  const disproved = known.length > 0 && fails.length / known.length <= clearAt && known.length * 2 > e.home.length
  const clearSince = before.certainty !== 'none' && disproved ? (before.clearSince ?? e.now) : null

  const certainty = (): Diagnosis['certainty'] => {
    if (clearSince !== null && e.now - clearSince >= times.clearMs) return 'none'
    if (before.certainty === 'confirmed') return 'confirmed'
    if (confirmSince !== null && e.now - confirmSince >= times.confirmMs) return 'confirmed'
    if (before.certainty === 'suspected') return 'suspected'
    return suspectSince !== null && e.now - suspectSince >= times.suspectMs ? 'suspected' : 'none'
  }
  const next = certainty()
  const begins = before.certainty === 'none' && next !== 'none'
  const state: RegionState = {
    certainty: next,
    since: begins ? (suspectSince ?? e.now) : next === 'none' && before.certainty !== 'none' ? e.now : before.since,
    suspectSince,
    confirmSince,
    clearSince: next === 'none' ? null : clearSince,
  }
  if (next === 'none') return { state, finding: null }
  const holds = suspectSince !== null
  return {
    state,
    finding: {
      certainty: next,
      since: state.since,
      confidence: share,
      ...words(e, fails, { disproved, holds }),
      holds,
      confirmsAt: next === 'suspected' && confirmSince !== null ? confirmSince + times.confirmMs : null,
      evidence: evidenceOf(e),
    },
  }
}

function words(
  e: RegionEvidence,
  fails: readonly CanaryView[],
  { disproved, holds }: { disproved: boolean; holds: boolean },
): Pick<RegionFinding, 'headline' | 'detail'> {
  if (disproved)
    return {
      headline: `${e.region} is responding again.`,
      detail: 'This clears when it has been stable for a while. The former writer may accept writes again.',
    }
  const count = `${fails.length} of ${e.home.length} ${plural(e.home.length, 'service')}`
  if (!holds)
    return {
      headline: `${e.region} was not responding when it was last observed.`,
      detail: `The evidence is incomplete now: ${count} fail from ${e.drRegion}.`,
    }
  const witness =
    e.healthIssue ?? (e.homeApi === 'silent' ? 'The RDS API is not responding to this collector either.' : '')
  return {
    headline: `${e.region} is not responding: ${count} fail from ${e.drRegion}.`,
    detail: `All services of ${e.drRegion} respond. ${witness} A failover inside ${e.region} does not help.`,
  }
}

function evidenceOf(e: RegionEvidence): string[] {
  const line = (region: string, { service, vote, detail }: CanaryView) =>
    `${serviceNames[service]} of ${region}, from ${e.drRegion}: ${vote === 'unknown' ? 'unknown' : vote} (${detail})`
  return [
    ...e.home.map((canary) => line(e.region, canary)),
    ...e.elsewhere.map((canary) => line(e.drRegion, canary)),
    ...(e.healthIssue === null ? [] : [e.healthIssue]),
  ]
}

/**
 * Puts an outage of the region before what is found of the writer (S3 before S1): its readers are out of reach with it. `elsewhere`: the
 * other region, when the writer is there.
 */
export function withRegion(writer: Diagnosis, finding: RegionFinding | null, elsewhere: string | null): Diagnosis {
  if (!finding) return writer
  const { certainty, confidence, headline, detail, since, confirmsAt, evidence } = finding
  const writes = writer.kind === 'healthy' || writer.kind === 'degraded'
  return {
    kind: 'region-outage',
    certainty,
    confidence,
    headline,
    detail: writes
      ? `${detail} ${elsewhere ? `The writer in ${elsewhere}` : 'The writer still'} commits writes.`
      : detail,
    since,
    scenario: 'S3',
    recommend: certainty === 'confirmed' && finding.holds && !writes,
    confirmsAt,
    held: null,
    evidence: [...evidence, ...writer.evidence],
    region: { writer },
  }
}

/** Do so many services of the home region fail that it can be called down? */
export const isRegionFailing = (regions: RegionsView | null): boolean =>
  (regions?.home ?? []).filter(({ vote }) => vote === 'fail').length >= leastFailing
