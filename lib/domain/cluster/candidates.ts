import { byteWords, durationWords, listWords, sentenceCase } from '../units'
import { replaySeconds } from './lag'
import { bytesBetween } from './lsn'
import { type SeenPosition, streamOf, type WriterObservation } from './position'
import { fitToBeChosen } from './rds-status'
import { readersReceiveWal, type Topology } from './topology'
import type { CandidateView, Lag } from './types'
import type { WalClock } from './wal-clock'
import { ofOtherDatabase } from './wal-history'

/** What ranking needs to know of a node that could become writer. */
export interface CandidateInput {
  nodeId: string
  /** Short name for sentences. */
  name: string
  /** In another region it can only be promoted (P3), not failed over to. */
  crossRegion: boolean
  /** Last good Q1, however old; null when there never was one. */
  seen: SeenPosition | null
  /** Does it answer now? */
  reachable: boolean
  /** Status by the RDS API; null while unknown. */
  rdsStatus: string | null
  tier: number | null
  zone: string
  /** The synchronous standby of a lone Multi-AZ instance: no node that can be asked, and under the writer's own name. */
  standby?: true
  /** How far its cache is behind, where the storage is shared; null while nobody has told. */
  cache?: Lag | null
}

export interface LossContext {
  now: number
  topology: Topology
  writer: WriterObservation | null
  /** When the writer was fenced or proved dead; null while it could still be accepting writes. */
  closedAt: number | null
  clock: WalClock
  objectives: { targetSeconds: number; maximumSeconds: number }
  /** Data is damaged, and every replica has the same damage. */
  damaged?: boolean
  /** Why the managed API could not take a failover now; null while it answers. */
  apiTrouble?: string | null
  /** The heartbeat is missing or frozen: times of positions come from our own looks at the writer alone. */
  noHeartbeat?: boolean
  /** A reader that is this much behind in replay is allowed, but late. */
  lateAfterSeconds: number
}

type Loss = CandidateView['loss']
type Wait = CandidateView['wait']

/** By the platform's own design: Aurora's nodes share one storage, a Multi-AZ standby has every write before it commits. */
const nothing: Loss = {
  known: true,
  atLeast: { seconds: 0, bytes: 0 },
  atMost: { seconds: 0, bytes: 0 },
  confidence: 'high',
}

/**
 * Loss of a failover to this candidate now (procedures, section 3). At least: what the writer is known to have written
 * and the candidate does not hold. At most: everything that could have committed since the last position that the
 * candidate certainly holds, up to now, or up to the moment from which the writer could no longer write. The byte bound
 * takes the greatest write rate of the last ten minutes for the unseen time; without one it is unknown.
 */
export function lossOf(seen: SeenPosition | null, context: LossContext): Loss {
  const { writer, clock } = context
  if (!readersReceiveWal(context.topology)) return nothing
  const have = seen?.value.haveLsn ?? null
  if (!seen || have === null) return { known: false, why: 'its position is unknown' }
  if (!writer || writer.at === null) return { known: false, why: 'the position of the writer is unknown' }
  const end = Math.max(writer.at, context.closedAt ?? context.now)
  const floor = clock.floor(have)
  const reached = clock.timeOf(have)
  const bytes = bytesBetween(have, writer.lsn)
  if (floor === null || reached === null) {
    const beat = seen.value.beat
    if (!beat) return { known: false, why: 'it is behind the oldest heartbeat that is known here' }
    // Older than our memory: the beat it shows dates what it replayed, which is a bound for what it received. What it lacks
    // reaches back at least to the oldest heartbeat that is known here.
    const oldest = clock.oldest()
    const lacks = oldest === null ? 0 : Math.max(0, writer.at - oldest.at) / 1000
    const since = Math.max(0, (end - (seen.endedAt - Math.max(0, seen.value.at - beat.at))) / 1000)
    return {
      known: true,
      atLeast: { seconds: Math.min(lacks, since), bytes },
      atMost: { seconds: since, bytes: null },
      confidence: 'low',
    }
  }
  const blindSeconds = (end - writer.at) / 1000
  const knownSeconds = bytes === 0 ? 0 : Math.max(0, writer.at - reached) / 1000
  const rate = clock.peakRate(context.now - 600_000)
  return {
    known: true,
    atLeast: { seconds: knownSeconds, bytes },
    atMost: {
      seconds: Math.max(knownSeconds + blindSeconds, (end - floor) / 1000),
      bytes: rate === null ? null : bytes + Math.ceil(rate * Math.max(blindSeconds, 0)),
    },
    confidence: confidenceOf(end - writer.at),
  }
}

/** High while the writer's position is under 5 s old, medium under 60 s, low beyond (procedures, section 3). */
function confidenceOf(blindMs: number): 'high' | 'medium' | 'low' {
  return blindMs < 5000 ? 'high' : blindMs < 60_000 ? 'medium' : 'low'
}

function waitOf(seen: SeenPosition | null, { clock, topology }: LossContext): Wait {
  if (!readersReceiveWal(topology)) return { known: false, why: 'Aurora does not tell how long its recovery takes' }
  if (!seen || seen.value.haveLsn === null || seen.value.replayLsn === null)
    return { known: false, why: 'its position is unknown' }
  if (seen.value.replayPaused) return { known: false, why: 'its replay is paused' }
  const { haveLsn: have, replayLsn: replay } = seen.value
  return { known: true, seconds: replaySeconds(seen, replay, have, clock), bytes: bytesBetween(replay, have) }
}

/** Every write is on the standby before it commits; it recovers like the writer itself and takes over its address. */
function standbyOf(c: CandidateInput): { loss: Loss; wait: Wait } & Pick<CandidateView, 'allowed' | 'reason'> {
  const fit = fitToBeChosen(c.rdsStatus, true)
  const known = {
    loss: nothing,
    wait: { known: false, why: 'RDS shows nothing of a standby until it has taken over' },
  } as const
  return fit.fits === 'yes'
    ? {
        ...known,
        allowed: 'allowed',
        reason: 'Its Multi-AZ standby has every write before it commits, and takes over its address',
      }
    : { ...known, allowed: fit.fits === 'no' ? 'no' : 'late', reason: fit.why }
}

function verdict(
  c: CandidateInput,
  loss: Loss,
  wait: Wait,
  context: LossContext,
): Pick<CandidateView, 'allowed' | 'reason'> {
  const no = (reason: string) => ({ allowed: 'no' as const, reason })
  if (!c.seen) return no('It has not responded since this collector started')
  if (!c.reachable) return no('It does not respond')
  if (!c.seen.value.standby) return no('It accepts writes itself: it is not a reader')
  const fit = fitToBeChosen(c.rdsStatus)
  if (fit.fits === 'no') return no(fit.why)
  const doubted = fit.fits === 'in-doubt' ? ({ allowed: 'late', reason: fit.why } as const) : null
  if (!readersReceiveWal(context.topology))
    return c.crossRegion
      ? { allowed: 'other-region', reason: 'In another region: promotion by cross-region recovery only' }
      : (doubted ?? sharing(c.cache ?? null, context.lateAfterSeconds))
  if (ofOtherDatabase(c.seen.value, context.writer)) return no('It is a copy of another database than the writer')
  const own = c.seen.value.receiver?.timeline ?? c.seen.value.timeline
  const writers = context.writer?.timeline ?? null
  if (own !== null && writers !== null && own !== writers)
    return no(`It is on timeline ${own}, the writer on ${writers}`)
  if (c.seen.value.replayPaused) return no('Its WAL replay is paused')
  if (c.crossRegion)
    return { allowed: 'other-region', reason: 'In another region: promotion by cross-region recovery only' }
  if (doubted) return doubted
  if (!loss.known) return { allowed: 'late', reason: `The loss is unknown: ${loss.why}` }
  if (loss.atLeast.seconds > context.objectives.targetSeconds)
    return {
      allowed: 'late',
      reason: `It lacks ${durationWords(loss.atLeast.seconds * 1000)}, more than the target allows`,
    }
  if (wait.known && wait.seconds > context.lateAfterSeconds)
    return { allowed: 'late', reason: `It has ${durationWords(wait.seconds * 1000)} of WAL still to replay` }
  // It could be checked only by asking for what the lag cannot tell, so the rank says which reader has it.
  if (context.topology === 'multi_az_cluster')
    return {
      allowed: 'allowed',
      reason: 'A commit waits for one reader: only the one that holds most has all that was acknowledged',
    }
  return { allowed: 'allowed', reason: 'Reachable, on the right timeline and replaying' }
}

/** A reader of one storage: nothing is lost by it, and its cache says how well it keeps up. */
function sharing(cache: Lag | null, lateAfterSeconds: number): Pick<CandidateView, 'allowed' | 'reason'> {
  const shared = 'Shares the writer’s storage: nothing that was committed is lost'
  if (!cache?.known)
    return {
      allowed: 'allowed',
      reason: cache ? `${shared}. How far its cache is behind is unknown: ${cache.why}` : shared,
    }
  const behind = durationWords(cache.seconds * 1000)
  return cache.seconds > lateAfterSeconds
    ? { allowed: 'late', reason: `${shared}. Its cache is ${behind} behind, so Aurora may restart it` }
    : { allowed: 'allowed', reason: `${shared}. Its cache is ${behind} behind` }
}

/** A live reader within this of the writer is level with any other such reader. */
const noiseSeconds = 0.5

const order = { allowed: 0, late: 1, 'other-region': 2, no: 3 } as const

/**
 * Ranks the candidates: allowed before late before other-region before not allowed; then most WAL received, least to
 * replay, promotion tier, another zone than the writer's (procedures, section 3). The first that can be failed over to
 * is the best one.
 */
export function rankCandidates(
  inputs: readonly CandidateInput[],
  writerZone: string | null,
  context: LossContext,
): CandidateView[] {
  const judged = inputs.map((input) => {
    if (input.standby) return { input, ...standbyOf(input) }
    const loss = lossOf(input.seen, context)
    const wait = waitOf(input.seen, context)
    return { input, loss, wait, ...verdict(input, loss, wait, context) }
  })
  // Two readers that both still receive were asked some milliseconds apart: a difference that small is no rank, and
  // would make the best candidate change from second to second. Once the streams end, every byte counts.
  const sameWal = (a: (typeof judged)[number], b: (typeof judged)[number]): boolean => {
    if (!readersReceiveWal(context.topology)) return true
    if (a.input.seen?.value.haveLsn === b.input.seen?.value.haveLsn && a.wait.known === b.wait.known) {
      if (!a.wait.known || !b.wait.known || a.wait.bytes === b.wait.bytes) return true
    }
    const live = (x: typeof a) => x.input.reachable && x.input.seen !== null && streamOf(x.input.seen).alive
    if (!live(a) || !live(b) || !a.loss.known || !b.loss.known || !a.wait.known || !b.wait.known) return false
    const price = (x: typeof a) =>
      x.loss.known && x.wait.known ? x.loss.atLeast.seconds + x.wait.seconds : Number.POSITIVE_INFINITY
    return price(a) < noiseSeconds && price(b) < noiseSeconds
  }
  judged.sort((a, b) => {
    const have = (x: typeof a) => x.input.seen?.value.haveLsn ?? -1n
    const replay = (x: typeof a) => (x.wait.known ? x.wait.bytes : Number.MAX_SAFE_INTEGER)
    return (
      order[a.allowed] - order[b.allowed] ||
      Number(b.input.standby ?? false) - Number(a.input.standby ?? false) ||
      (sameWal(a, b) ? 0 : have(b) > have(a) ? 1 : -1) ||
      (sameWal(a, b) ? 0 : replay(a) - replay(b)) ||
      (a.input.tier ?? 99) - (b.input.tier ?? 99) ||
      Number(a.input.zone === writerZone) - Number(b.input.zone === writerZone) ||
      (a.input.nodeId < b.input.nodeId ? -1 : 1)
    )
  })
  const best = judged.find((j) => j.allowed === 'allowed') ?? judged.find((j) => j.allowed === 'late')
  return judged.map((j) => ({
    nodeId: j.input.nodeId,
    reachable: j.input.reachable,
    allowed: j.allowed,
    reason: j.reason,
    blocked: blockedBecause(j.input, context),
    best: j === best,
    loss: j.loss,
    // What it had still to replay when it was last seen says nothing of one that is down.
    wait: j.input.reachable || j.input.standby ? j.wait : { known: false, why: 'it is not reachable' },
    observedAt: j.input.seen?.endedAt ?? null,
  }))
}

const damagedWords = 'A failover is blocked: every replica has the same damage.'

/** In another region it is another API that answers. */
function blockedBecause({ crossRegion }: CandidateInput, { damaged, apiTrouble }: LossContext): string | null {
  if (damaged) return damagedWords
  return crossRegion ? null : (apiTrouble ?? null)
}

/** One or two sentences under the table: why the first is first, and what the figures mean now. */
export function candidateNote(
  views: readonly CandidateView[],
  inputs: readonly CandidateInput[],
  context: LossContext,
): string {
  const nameOf = (id: string) => inputs.find((i) => i.nodeId === id)?.name ?? id
  if (views.length === 0) return 'No reader is known yet.'
  if (context.damaged) return damagedWords
  if (context.apiTrouble) return `${context.apiTrouble} A failover is not possible until it responds.`
  const best = views.find((v) => v.best)
  if (!best) {
    const promotable = views.find((v) => v.allowed === 'other-region')
    return promotable
      ? `No reader in this region can take over. ${sentenceCase(nameOf(promotable.nodeId))} could be promoted by cross-region recovery.`
      : 'No reader can take over now.'
  }
  const second = views.find((v) => v !== best && v.allowed !== 'no' && v.allowed !== 'other-region')
  const parts: string[] = []
  const name = nameOf(best.nodeId)
  if (inputs.some((i) => i.standby && i.nodeId === best.nodeId))
    return `${sentenceCase(name)} fails over to its own standby: nothing acknowledged is lost, and its address stays.`
  if (!readersReceiveWal(context.topology))
    return `All nodes of an Aurora cluster share one storage, so a failover in the region loses nothing that was committed. ${sentenceCase(name)} comes first by promotion tier and zone.`
  if (context.topology === 'multi_az_cluster')
    parts.push(`Ranked by received WAL: only ${name} has all acknowledged commits.`)
  if (context.topology === 'instance')
    parts.push(
      'A promoted replica keeps its own address: clients are routed there, and the old writer is fenced first.',
    )
  if (!second) parts.push(`${sentenceCase(name)} is the only reader in this region that can take over.`)
  else if (best.loss.known && second.loss.known && second.loss.atLeast.bytes > best.loss.atLeast.bytes)
    parts.push(
      `${sentenceCase(name)} holds ${byteWords(second.loss.atLeast.bytes - best.loss.atLeast.bytes)} more WAL than ${nameOf(second.nodeId)}.`,
    )
  else
    parts.push(
      `${sentenceCase(name)} and ${nameOf(second.nodeId)} are equally up to date; ${name} is preferred (promotion tier, zone).`,
    )
  const blind = context.writer?.at == null ? null : (context.closedAt ?? context.now) - context.writer.at
  if (blind !== null && blind > 5000 && context.closedAt === null)
    parts.push('The worst case grows every second until the writer is fenced.')
  else {
    const known = views.filter((v) => v.allowed !== 'no')
    const inside = known.filter((v) => v.loss.known && v.loss.atMost.seconds <= context.objectives.targetSeconds)
    const target = durationWords(context.objectives.targetSeconds * 1000)
    if (known.length && inside.length === known.length) parts.push(`Every candidate is within the ${target} RPO.`)
    else {
      const outside = known.filter((v) => !inside.includes(v)).map((v) => nameOf(v.nodeId))
      parts.push(`${sentenceCase(listWords(outside))} may lose more than the ${target} RPO.`)
    }
  }
  if (context.noHeartbeat) parts.push('There is no heartbeat, so losses are estimated from WAL positions.')
  return parts.join(' ')
}

/** Which node would take over as things are: the best of the region, and where none can, a replica in another one that responds. */
export const nextWriter = <T extends Pick<CandidateView, 'best' | 'allowed' | 'reachable'>>(
  candidates: readonly T[],
): T | null =>
  candidates.find(({ best }) => best) ??
  candidates.find(({ allowed, reachable }) => allowed === 'other-region' && reachable) ??
  null
