import type { DiagnosisState, Evidence, WriterFinding } from './evidence'
import { verdictWords } from './sentences'
import type { Diagnosis } from './types'
import { type Tally, tally } from './votes'

/** Times of the machine, milliseconds. Production: section 4 of the procedures; a lab compresses the long ones. */
export interface DiagnosisTimes {
  /** How long the quorum must hold to confirm, and in how many rounds that is told. */
  holdMs: number
  rounds: number
  /** The same with hard evidence at two places and no reader receiving WAL. */
  hardHoldMs: number
  /** How long a confirmed finding must be disproved to clear. */
  clearMs: number
  /** How long a mere suspicion must be disproved to clear: shorter, for nobody has acted on it. */
  suspicionClearMs: number
  /** How long lesser findings must hold to be confirmed, and to clear. */
  minorHoldMs: number
}

export const productionTimes: DiagnosisTimes = {
  holdMs: 30_000,
  rounds: 3,
  hardHoldMs: 3000,
  clearMs: 120_000,
  suspicionClearMs: 5000,
  minorHoldMs: 3000,
}

/**
 * The lab's nodes fail over in 1 to 2 s rather than 20 to 60 s, so evidence of recovery is as much older in proportion:
 * two minutes of afterglow would hide the next exercise.
 */
export const labTimes: DiagnosisTimes = { ...productionTimes, clearMs: 10_000, suspicionClearMs: 2000 }

/** Writes that fail for less than this beside good reads are a hiccup, not a wedged writer. */
const wedgedAfterMs = 2000

const confirmAt = 0.75
const clearAt = 0.4

type Finding = WriterFinding

export function initialState(now: number): DiagnosisState {
  return {
    kind: 'unknown',
    certainty: 'none',
    since: now,
    writerId: null,
    quorumSince: null,
    clearSince: null,
    pending: null,
  }
}

/** Does the quorum for "the writer is down" hold at this moment? */
export function quorum(sum: Tally): boolean {
  return sum.confidence >= confirmAt && sum.fails.length >= 3 && sum.domains >= 2 && !sum.streaming
}

/** A receiver that heard from the writer, or a collector elsewhere that reached it, after our own probes began to fail: it lives. */
function provedAlive(e: Evidence): boolean {
  const since = e.writeFailingSince
  return since !== null && [e.heardAt, e.reachedElsewhereAt].some((at) => at !== null && at > since + 1000)
}

const disturbed = (e: Evidence, sum: Tally): boolean =>
  e.alarm || e.writeError !== null || sum.fails.some((v) => v.vantage === 'endpoint') || quorum(sum)

/** Findings other than the writer's death that the evidence shows now, the gravest first. */
function sight(e: Evidence, sum: Tally): Finding {
  if (!e.observed) return 'unknown'
  if (e.writersAnswering.length > 1) return 'split-brain'
  if (e.failingOverSince !== null) return 'failing-over'
  if (disturbed(e, sum)) {
    if (e.blind) return 'own-partition'
    const writeFails = sum.fails.some((v) => v.vantage === 'endpoint') || e.writeError === 'busy'
    const long = e.writeFailingSince !== null && e.now - e.writeFailingSince >= wedgedAfterMs
    if (writeFails && long && e.reads === 'ok' && (sum.streaming || e.heardAt !== null)) return 'wedged-writer'
    if (writeFails && e.reads !== 'ok' && provedAlive(e)) return 'own-partition'
    return 'primary-suspected'
  }
  if (sum.freshCount === 0) return 'unknown'
  return lesser(e).length > 0 || e.readers.some((r) => r.trouble !== null) ? 'degraded' : 'healthy'
}

/** Troubles beside the database, as far as each was judged over time already. */
const lesser = (e: Evidence) => [e.poolerTrouble, e.podsTrouble, e.apiTrouble].filter((trouble) => trouble !== null)

/** What has lasted by itself: a lag of ten seconds took ten seconds, and the API was given its time. */
const lasting = (e: Evidence) => e.apiTrouble !== null || e.readers.some((r) => r.late)

/** Findings that are about the writer's death and latch until disproved. */
const about = new Set<Finding>(['primary-suspected', 'primary-down'])
/** Findings that hold for a while before they are called confirmed. */
const graded = new Set<Finding>(['wedged-writer', 'own-partition', 'degraded', 'split-brain'])

/**
 * One round of the machine: pure, so that every rule can be tried with a moved clock. Suspicion is immediate;
 * confirmation needs the quorum for the hold; a stream that a reader still receives vetoes; clearing needs the opposite
 * evidence for the clearing time, so that a flapping writer does not flap the diagnosis.
 */
export function diagnose(
  before: DiagnosisState,
  e: Evidence,
  times: DiagnosisTimes,
): { state: DiagnosisState; diagnosis: Diagnosis } {
  const sum = tally(e.votes)
  const holds = quorum(sum)
  const quorumSince = holds ? (before.quorumSince ?? e.now) : null
  const hard = sum.hardPlaces >= 2 && sum.noReaderReceives
  const holdMs = hard ? times.hardHoldMs : times.holdMs
  const seen = sight(e, sum)
  const state = step({ ...before, quorumSince }, seen, e, sum, holdMs, times)
  const confirmsAt = state.kind === 'primary-suspected' && quorumSince !== null ? quorumSince + holdMs : null
  const held =
    confirmsAt !== null && quorumSince !== null
      ? {
          rounds: Math.min(times.rounds, Math.floor(((e.now - quorumSince) / holdMs) * times.rounds)),
          of: times.rounds,
        }
      : null
  const down = state.kind === 'primary-down'
  const stillDown = down && !sum.streaming && sum.confidence > clearAt
  return {
    state,
    diagnosis: {
      kind: state.kind,
      certainty: state.certainty,
      confidence: sum.confidence,
      ...verdictWords(state, e, sum),
      since: state.since,
      scenario: state.kind === 'primary-suspected' || down ? 'S1' : null,
      // Only a confirmed and lasting finding recommends: a writer that answers again must not be failed over.
      recommend: stillDown,
      confirmsAt,
      held,
      evidence: e.votes.map((v) => `${v.label}: ${v.vote === 'unknown' ? 'no vote' : v.vote} (${v.detail})`),
    },
  }
}

function step(
  s: DiagnosisState,
  seen: Finding,
  e: Evidence,
  sum: Tally,
  holdMs: number,
  times: DiagnosisTimes,
): DiagnosisState {
  const writerId = e.writer?.id ?? s.writerId
  const enter = (kind: Finding, certainty: Diagnosis['certainty']): DiagnosisState => ({
    ...s,
    kind,
    certainty,
    // Confirming a suspicion or re-grading a finding keeps its beginning.
    since: s.kind === kind || (about.has(s.kind) && about.has(kind)) ? s.since : e.now,
    writerId: about.has(kind) && about.has(s.kind) ? s.writerId : writerId,
    clearSince: null,
    pending: null,
  })
  const stay = (change: Partial<DiagnosisState> = {}): DiagnosisState => ({ ...s, ...change })

  // What RDS does by itself, and two writers, are facts that need no waiting.
  if (seen === 'failing-over') return s.kind === seen ? stay() : enter(seen, 'confirmed')

  const confirmed = s.quorumSince !== null && e.now - s.quorumSince >= holdMs
  if (confirmed && seen !== 'split-brain' && seen !== 'own-partition')
    return s.kind === 'primary-down' ? stay({ clearSince: null }) : enter('primary-down', 'confirmed')

  if (s.kind === 'primary-down' || (about.has(s.kind) && seen !== 'primary-suspected')) {
    if (seen === 'split-brain') return grade(s, seen, e, times, enter, stay)
    const explained = seen === 'own-partition' || seen === 'wedged-writer'
    // A mere suspicion gives way to a better explanation at once.
    if (s.kind === 'primary-suspected' && explained) return grade(s, seen, e, times, enter, stay)
    const moved = s.writerId !== null && e.writer !== null && e.writer.id !== s.writerId
    const disproved = sum.confidence <= clearAt && seen !== 'primary-suspected' && (!e.alarm || explained)
    if (!disproved) return stay({ clearSince: null })
    const clearSince = s.clearSince ?? e.now
    // A writer that moved ended the old one's story: what is left is to see that the new one holds.
    const needed = s.kind === 'primary-down' && !moved ? times.clearMs : times.suspicionClearMs
    if (e.now - clearSince < needed) return stay({ clearSince })
    return graded.has(seen)
      ? { ...enter(seen, 'suspected'), pending: { kind: seen, since: e.now } }
      : enter(seen, 'none')
  }
  // The first good write ends an explained finding; the alarm's own afterglow is no new suspicion.
  const explainedNow = s.kind === 'own-partition' || s.kind === 'wedged-writer'
  if (seen === 'primary-suspected' && explainedNow && e.writeFailingSince === null) return stay()
  if (seen === 'primary-suspected') return s.kind === seen ? stay({ clearSince: null }) : enter(seen, 'suspected')
  if (graded.has(seen)) return grade(s, seen, e, times, enter, stay)
  // From a lesser finding back to healthy, after it was away for a moment.
  if (s.kind === seen) return stay({ clearSince: null, pending: null })
  if (graded.has(s.kind) && s.certainty === 'confirmed') {
    const clearSince = s.clearSince ?? e.now
    if (e.now - clearSince < times.minorHoldMs) return stay({ clearSince, pending: null })
  }
  return enter(seen, 'none')
}

/** A finding that is first suspected and then, held for a moment, confirmed. */
function grade(
  s: DiagnosisState,
  seen: Finding,
  e: Evidence,
  times: DiagnosisTimes,
  enter: (kind: Finding, certainty: Diagnosis['certainty']) => DiagnosisState,
  stay: (change?: Partial<DiagnosisState>) => DiagnosisState,
): DiagnosisState {
  const since = s.pending?.kind === seen ? s.pending.since : e.now
  if (s.kind === seen && s.certainty === 'confirmed') return stay({ clearSince: null })
  const long = e.now - since >= times.minorHoldMs || (seen === 'degraded' && lasting(e))
  if (long) return { ...enter(seen, 'confirmed'), since: s.kind === seen ? s.since : since }
  // A degraded reader is worth no alarm for a blink; a healthy verdict stays until it lasts.
  if (seen === 'degraded') {
    const keep = s.kind === 'healthy' || s.kind === 'degraded' ? s : { ...enter('healthy', 'none') }
    return { ...keep, clearSince: null, pending: { kind: seen, since } }
  }
  return { ...(s.kind === seen ? s : enter(seen, 'suspected')), pending: { kind: seen, since } }
}
