import { longWaitSeconds } from './pooler'
import { isFailingOver, type RdsStatus, rdsStatus } from './rds-status'
import { isHard, type Track } from './track'
import type {
  CanaryView,
  FailureDomain,
  Heartbeat,
  MetricsView,
  PoolView,
  ProbeError,
  Vantage,
  Vote,
  WorkloadView,
} from './types'

/** A reader's WAL receiver as its own last answer shows it. */
export interface ReceiverSight {
  nodeId: string
  crossRegion: boolean
  /** End of the reader's last good Q1 on the collector's clock; null when it does not answer. */
  observedAt: number | null
  /** False when the receiver's row is gone: the connection to the writer is closed. */
  present: boolean
  streaming: boolean
  /** When it last heard from the writer, on the collector's clock. */
  heardAt: number | null
}

interface VoteInputs {
  now: number
  write: { track: Track<Heartbeat>; everyMs: number }
  /** Empty when this environment has none. */
  poolers: {
    tracks: readonly Track<PoolView>[]
    everyMs: number
    /** Are they in the region of the writer? From another one, where they fail says nothing of it. */
    besideWriter: boolean
  }
  rds: { status: Track<{ writerStatus: string | null; clusterStatus: string }>; everyMs: number }
  receivers: { sights: ReceiverSight[]; everyMs: number }
  workload: { view: WorkloadView | null; observedAt: number | null; everyMs: number } | null
  metrics: { track: Track<MetricsView & { pgUp: boolean | null }>; everyMs: number } | null
  /** How the collector in the other region meets the writer; null where there is none, or it says nothing. */
  elsewhere: CanaryView | null
}

const weights: Record<Vantage, { weight: number; domain: FailureDomain; label: string }> = {
  endpoint: { weight: 2, domain: 'our-network', label: 'Endpoint' },
  pooler: { weight: 2, domain: 'kubernetes', label: 'PgBouncer' },
  'rds-api': { weight: 1, domain: 'aws-control', label: 'RDS API' },
  'wal-receivers': { weight: 3, domain: 'aws-data', label: 'WAL' },
  pods: { weight: 2, domain: 'kubernetes', label: 'App pods' },
  metrics: { weight: 1, domain: 'monitoring', label: 'Metrics' },
  'dr-region': { weight: 2, domain: 'dr-network', label: 'DR site' },
}

/** Heard from this recently, a receiver proves that the writer sends. */
const heardOkMs = 5000
/** Silent this long, a receiver counts as cut off (procedures, section 4, V4). */
const heardFailMs = 15_000

function cast(
  vantage: Vantage,
  vote: Vote['vote'],
  detail: string,
  observedAt: number | null,
  everyMs: number,
  hard = false,
): Vote {
  return { vantage, vote, detail, observedAt, everyMs, hard, ...weights[vantage] }
}

/** An observation older than three periods has no vote (procedures, section 3). */
function fresh(at: number | null, everyMs: number, now: number): at is number {
  return at !== null && now - at <= Math.max(3 * everyMs, 1500)
}

function endpointVote({ write: { track, everyMs }, now }: VoteInputs): Vote {
  const at = track.endedAt
  if (!fresh(at, everyMs, now)) {
    // A writer that swallows every probe gives no sample at all for a while: silence after a good beat is a failure.
    if (track.okAt !== null && now - track.okAt > 5000) return cast('endpoint', 'fail', 'timeout', at, everyMs)
    return cast('endpoint', 'unknown', at === null ? 'not probed yet' : 'stale', at, everyMs)
  }
  if (!track.error) return cast('endpoint', 'ok', 'writes', at, everyMs)
  // The server itself ended the statement: it lives, and a lock storm is no sign of death (scenario 33).
  if (track.error.kind === 'busy') return cast('endpoint', 'unknown', errorWords(track.error), at, everyMs)
  const hard = isHard(track.error)
  const silent = track.okAt === null || now - track.okAt > 5000
  if (hard || track.failures >= 2 || silent) return cast('endpoint', 'fail', errorWords(track.error), at, everyMs, hard)
  return cast('endpoint', 'unknown', `${errorWords(track.error)} once`, at, everyMs)
}

/** One or two words for a chip. */
export function errorWords(error: ProbeError): string {
  const words: Record<ProbeError['kind'], string> = {
    refused: 'refused',
    reset: 'reset',
    closed: 'closed',
    timeout: 'timeout',
    unreachable: 'unreachable',
    auth: 'sign-in refused',
    'read-only': 'read-only',
    busy: 'busy',
    damaged: 'damaged data',
    api: 'API error',
    'not-configured': 'not set up',
    other: 'error',
  }
  return words[error.kind]
}

/** One that serves clients proves that the writer works; that it fails takes all that are known, and one at least. */
function poolersVote({ poolers, now }: VoteInputs): Vote | null {
  const votes = poolers.tracks
    .map((track) => poolerVote(track, poolers.everyMs, now))
    .map((vote) =>
      vote.vote === 'fail' && !poolers.besideWriter ? { ...vote, vote: 'unknown' as const, hard: false } : vote,
    )
  const [only] = votes
  if (!only) return null
  if (votes.length === 1) return only
  const of = (kind: Vote['vote']) => votes.filter(({ vote }) => vote === kind)
  const [ok, fails] = [of('ok'), of('fail')]
  const seen = votes.flatMap(({ observedAt }) => (observedAt === null ? [] : [observedAt]))
  const at = seen.length ? Math.max(...seen) : null
  const some = (kind: Vote['vote'], those: Vote[]) =>
    cast('pooler', kind, `${those.length} of ${votes.length} ${those[0]?.detail ?? ''}`, at, poolers.everyMs)
  if (ok.length > 0) return some('ok', ok)
  if (fails.length === votes.length) return some('fail', fails)
  return some('unknown', of('unknown'))
}

function poolerVote(track: Track<PoolView>, everyMs: number, now: number): Vote {
  const at = track.endedAt
  if (!fresh(at, everyMs, now)) return cast('pooler', 'unknown', at === null ? 'not probed yet' : 'stale', at, everyMs)
  if (track.error) {
    if (track.error.kind === 'not-configured' || track.error.kind === 'auth')
      return cast('pooler', 'unknown', errorWords(track.error), at, everyMs)
    // One missed answer of the pooler is not yet a vote; a closed door is.
    const hard = isHard(track.error)
    return hard || track.failures >= 2
      ? cast('pooler', 'fail', errorWords(track.error), at, everyMs, false)
      : cast('pooler', 'unknown', errorWords(track.error), at, everyMs)
  }
  const pool = track.value
  if (!pool) return cast('pooler', 'unknown', 'no answer', at, everyMs)
  if (!pool.present) return cast('pooler', 'unknown', 'none', at, everyMs)
  if (pool.paused) return cast('pooler', 'unknown', pool.pausedAll ? 'all paused' : 'paused', at, everyMs)
  if (pool.maxWaitSeconds > 10 && pool.serversActive === 0) return cast('pooler', 'fail', 'no server', at, everyMs)
  if (pool.serversAt) return cast('pooler', 'unknown', 'at a reader', at, everyMs)
  // A wait is no proof that the writer serves: servers may be held by sessions that hang.
  if (
    pool.clientsWaiting > 0 &&
    (pool.maxWaitSeconds >= longWaitSeconds || pool.serversActive + pool.serversIdle === 0)
  )
    return cast('pooler', 'unknown', `${pool.clientsWaiting} waiting`, at, everyMs)
  if (pool.serversActive + pool.serversIdle === 0) return cast('pooler', 'unknown', 'idle', at, everyMs)
  return cast('pooler', 'ok', 'serves', at, everyMs)
}

function rdsVote({ rds: { status, everyMs }, now }: VoteInputs): Vote {
  const at = status.okAt
  if (!fresh(at, everyMs, now) || !status.value)
    return cast(
      'rds-api',
      'unknown',
      status.error ? errorWords(status.error) : at === null ? 'not asked yet' : 'stale',
      at,
      everyMs,
    )
  const { writerStatus, clusterStatus } = status.value
  if (isFailingOver(clusterStatus) || (writerStatus !== null && isFailingOver(writerStatus)))
    return cast('rds-api', 'fail', 'failing over', at, everyMs)
  if (writerStatus === null) return cast('rds-api', 'unknown', 'no writer named', at, everyMs)
  return cast('rds-api', voteOf(rdsStatus(writerStatus)), writerStatus, at, everyMs)
}

/** What RDS reports of the writer, as a vote on whether it works. */
function voteOf(judged: RdsStatus): Vote['vote'] {
  switch (judged.kind) {
    case 'usable':
      return 'ok'
    case 'changing':
      return judged.serves ? 'ok' : 'fail'
    case 'broken':
      return 'fail'
    case 'unknown':
      return 'unknown'
  }
}

/** Votes of the readers' WAL receivers: V4 for those of the region, V7 for the one in the other region. */
function receiverVote(vantage: 'wal-receivers' | 'dr-region', inputs: VoteInputs): Vote | null {
  const { sights, everyMs } = inputs.receivers
  const own = sights.filter((s) => s.crossRegion === (vantage === 'dr-region'))
  if (own.length === 0) return null
  const answering = own.filter((s) => fresh(s.observedAt, everyMs, inputs.now))
  const at = answering.length ? Math.max(...answering.map((s) => s.observedAt ?? 0)) : null
  if (answering.length === 0) return cast(vantage, 'unknown', 'readers do not respond', at, everyMs)
  const age = (s: ReceiverSight) => (s.heardAt === null ? Number.POSITIVE_INFINITY : inputs.now - s.heardAt)
  const live = answering.filter((s) => s.present && s.streaming && age(s) <= heardOkMs)
  const cut = answering.filter((s) => !s.present || !s.streaming || age(s) > heardFailMs)
  const detail =
    vantage === 'wal-receivers'
      ? `${live.length} of ${own.length} stream`
      : live.length
        ? 'streams'
        : cut.length
          ? 'no stream'
          : 'silent'
  if (live.length * 2 >= answering.length && live.length > 0) return cast(vantage, 'ok', detail, at, everyMs)
  // A majority of all readers, not of those that happen to answer.
  if (cut.length * 2 > own.length)
    return cast(
      vantage,
      'fail',
      detail,
      at,
      everyMs,
      cut.every((s) => !s.present),
    )
  return cast(vantage, 'unknown', detail, at, everyMs)
}

/**
 * V7: from the other region to the writer. The collector there counts first; a replica there that still receives from the
 * writer keeps a failed connection from being a failure, and stands in while there is no collector to ask.
 */
function elsewhereVote(inputs: VoteInputs): Vote | null {
  const stream = receiverVote('dr-region', inputs)
  const { elsewhere } = inputs
  if (elsewhere === null || elsewhere.vote === 'unknown') return stream
  const { vote, observedAt, everyMs, detail, hard } = elsewhere
  if (vote === 'ok') return cast('dr-region', 'ok', 'connects', observedAt, everyMs)
  return stream?.vote === 'ok'
    ? cast('dr-region', 'unknown', `${detail}, streams`, observedAt, everyMs)
    : cast('dr-region', 'fail', detail, observedAt, everyMs, hard)
}

/** Why a pod is not ready that has nothing to do with the database. */
const ownTroubles = /ImagePull|ErrImage|CreateContainer|OOMKilled|Evicted|Unschedulable|Completed|ContainerCreating/

function podsVote({ workload, now }: VoteInputs): Vote | null {
  if (!workload) return null
  const { view, observedAt, everyMs } = workload
  if (!view || !fresh(observedAt, everyMs, now))
    return cast('pods', 'unknown', view ? 'stale' : 'not observed yet', observedAt, everyMs)
  const detail = `${view.ready} of ${view.replicas}`
  if (view.replicas === 0) return cast('pods', 'unknown', 'scaled to zero', observedAt, everyMs)
  if (view.ready * 2 > view.replicas) return cast('pods', 'ok', detail, observedAt, everyMs)
  const own = view.pods.filter((p) => !p.ready && ownTroubles.test(p.reason ?? '')).length
  const byDatabase = view.pods.filter((p) => !p.ready).length - own
  if (byDatabase * 2 < view.replicas) return cast('pods', 'unknown', `${detail}, own problem`, observedAt, everyMs)
  return cast('pods', 'fail', detail, observedAt, everyMs)
}

function metricsVote({ metrics, now }: VoteInputs): Vote | null {
  if (!metrics) return null
  const { track, everyMs } = metrics
  const at = track.okAt
  if (!fresh(at, everyMs, now) || !track.value)
    return cast(
      'metrics',
      'unknown',
      track.error ? errorWords(track.error) : at === null ? 'not asked yet' : 'stale',
      at,
      everyMs,
    )
  const { pgUp, errorRatio } = track.value
  if (pgUp === false) return cast('metrics', 'fail', 'pg_up 0', at, everyMs)
  if (errorRatio !== null && errorRatio > 0.2)
    return cast('metrics', 'fail', `${Math.round(errorRatio * 100)} % errors`, at, everyMs)
  if (pgUp === null) return cast('metrics', 'unknown', 'no pg_up', at, everyMs)
  return cast('metrics', 'ok', 'up', at, everyMs)
}

/** All votes of a moment on "does the writer work?", V1 to V7 (procedures, section 4). Places that do not exist have none. */
export function votesOf(inputs: VoteInputs): Vote[] {
  return [
    endpointVote(inputs),
    poolersVote(inputs),
    rdsVote(inputs),
    receiverVote('wal-receivers', inputs),
    podsVote(inputs),
    metricsVote(inputs),
    elsewhereVote(inputs),
  ].filter((v) => v !== null)
}

export interface Tally {
  /** Failing weight over fresh weight; 0 when nothing is fresh. */
  confidence: number
  fails: Vote[]
  freshCount: number
  domains: number
  streaming: boolean
  hardPlaces: number
  noReaderReceives: boolean
}

/** Adds the votes up. */
export function tally(votes: readonly Vote[]): Tally {
  const freshVotes = votes.filter((v) => v.vote !== 'unknown')
  const fails = freshVotes.filter((v) => v.vote === 'fail')
  const sum = (list: readonly Vote[]) => list.reduce((total, v) => total + v.weight, 0)
  const of = (vantage: Vantage) => votes.find((v) => v.vantage === vantage)?.vote
  return {
    confidence: freshVotes.length ? sum(fails) / sum(freshVotes) : 0,
    fails,
    freshCount: freshVotes.length,
    domains: new Set(fails.map((v) => v.domain)).size,
    streaming: of('wal-receivers') === 'ok',
    hardPlaces: fails.filter((v) => v.hard).length,
    noReaderReceives: of('wal-receivers') === 'fail' && of('dr-region') !== 'ok',
  }
}
