import { isChanging, isFailingOver } from '../../domain/cluster/rds-status'
import type { AwsCall } from '../../domain/procedure/call'
import { byteWords, durationWords } from '../../domain/units'
import type { Standing } from '../../ports/standing'
import type { DoAgain, Observation, Step, StepContext, Surroundings, Verdict, Wait, World } from '../contract'
import { needed, withObligation } from '../facts'
import {
  addressOf,
  askPosition,
  candidateIn,
  failoverEvents,
  fixOther,
  lookAtFleet,
  lookAtRds,
  tryWrite,
} from '../looking'
import { holdAgain } from '../steps/hold-traffic'
import type { FailoverFacts } from './facts'
import { observePromotion, observeStandby, verifyPromotion, verifyStandby } from './fail-over-instance'
import type { FailoverInputs } from './inputs'
import { lastPositionMissing, receiveMs } from './last-position'
import { confirmationOwed, lackOfEvents, lagOfRds, unprovedFacts, waitForRds } from './rds-confirmation'
import { failoverRevisions } from './revisions'
import { wayOf } from './way'

/** The call by shape: a cluster fails over to a member; a lone instance to its standby, or its replica is promoted. */
export function failOverCall(
  ctx: StepContext<FailoverInputs, FailoverFacts>,
  environment: Surroundings,
): AwsCall | null {
  const facts = ctx.facts
  // RDS has moved the writer itself, and that was accepted: it is followed, and nothing is sent.
  if (facts.acceptedInstead) return null
  const target = needed(facts.target, 'the target').id
  const { region, clusterId } = environment.aws
  const aws = { kind: 'aws', service: 'rds', region } as const
  switch (needed(facts.topology, 'the topology')) {
    case 'aurora':
    case 'multi_az_cluster':
    case 'hybrid':
      return {
        ...aws,
        operation: 'FailoverDBCluster',
        input: { DBClusterIdentifier: clusterId, TargetDBInstanceIdentifier: target },
      }
    case 'instance': {
      const writer = needed(facts.writerBefore, 'the writer')
      return wayOf(facts) === 'standby'
        ? { ...aws, operation: 'RebootDBInstance', input: { DBInstanceIdentifier: writer.id, ForceFailover: true } }
        : { ...aws, operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: target } }
    }
    case 'unknown':
      throw new Error('No procedure runs on a database of unknown shape')
  }
}

async function observe(
  world: World,
  ctx: StepContext<FailoverInputs, FailoverFacts>,
): Promise<Observation<FailoverFacts>> {
  switch (wayOf(ctx.facts)) {
    case 'cluster':
      return await observeCluster(world, ctx)
    case 'standby':
      return await observeStandby(world, ctx)
    case 'promotion':
      return await observePromotion(world, ctx)
  }
}

async function observeCluster(
  world: World,
  ctx: StepContext<FailoverInputs, FailoverFacts>,
): Promise<Observation<FailoverFacts>> {
  const facts = ctx.facts
  const target = needed(facts.target, 'the target')
  const before = needed(facts.writerBefore, 'the writer')
  const [fleet, answer] = await Promise.all([lookAtFleet(world), askPosition(world, addressOf(target))])
  const isWriter = answer.ok && !answer.position.standby
  const named = fleet.writerId === target.id
  if (isWriter && named && target.id !== before.id) return { state: 'done', says: `${target.id} is the writer.` }
  const events = await failoverEvents(world, ctx.startedAt)
  if (
    isFailingOver(fleet.status) ||
    (events.started && events.started.at > (events.completed?.at ?? 0) && !failedSince(events))
  )
    return { state: 'in-flight', says: `A failover to ${events.started?.target ?? 'another node'} is under way.` }
  if (isWriter)
    return { state: 'in-flight', says: `${target.id} takes writes already; RDS does not name it the writer yet.` }
  if (fleet.writerId !== before.id && fleet.writerId !== null)
    return {
      state: 'conflict',
      says: `RDS made ${fleet.writerId} the writer, not ${target.id}.`,
      facts: { otherWriter: await fixOther(world, fleet) },
    }
  // What was accepted is followed, not made so: nobody said yes to a failover towards it.
  if (facts.acceptedInstead)
    return { state: 'conflict', says: `${before.id} is named the writer again, not ${target.id}. Nothing was sent.` }
  // RDS refuses a second failover by itself: events that cannot be read are no reason to wait for them.
  const unread = events.unread ? ` The events of RDS could not be read: ${events.unread}` : ''
  return { state: 'not-started', says: `${before.id} is still named the writer; no failover is under way.${unread}` }
}

const failedSince = (events: Awaited<ReturnType<typeof failoverEvents>>) =>
  events.failed !== null && events.failed.at >= (events.started?.at ?? 0)

/** A reader that may catch up by itself is given this long, ms; people see it and may give it more. */
const catchUpMs = 5 * 60_000
/** More WAL to replay than this holds a promotion up, s. */
const replaySeconds = 30

/** Right before acting: the target must still be the one that was chosen, and the loss within what was allowed. */
async function guard(
  world: World,
  ctx: StepContext<FailoverInputs, FailoverFacts>,
): Promise<string | Wait | DoAgain | null> {
  return (await targetUnfit(world, ctx)) ?? (await holdAgain(world, ctx)) ?? (await mayLoseSome(world, ctx))
}

/** A planned switchover leaves the writer only while nothing can be lost. */
async function mayLoseSome(world: World, ctx: StepContext<FailoverInputs, FailoverFacts>): Promise<Wait | null> {
  if (ctx.inputs.kind !== 'switchover') return null
  const missing = await lastPositionMissing(world, ctx.facts)
  return missing === null ? null : { waitsFor: missing, waitsMs: receiveMs }
}

async function targetUnfit(
  world: World,
  ctx: StepContext<FailoverInputs, FailoverFacts>,
): Promise<string | Wait | null> {
  const facts = ctx.facts
  const target = needed(facts.target, 'the target')
  // A standby cannot be asked; RDS refuses the call when it is not fit to take over.
  if (wayOf(facts) === 'standby') return null
  const answer = await askPosition(world, addressOf(target))
  if (!answer.ok) return `${target.id} does not respond: ${answer.why} Choose another target in a new run.`
  if (answer.position.replayPaused) return `${target.id} has paused its replay; resume it before a promotion.`
  const candidate = candidateIn(world.snapshot(), target.id)
  const loss = candidate?.loss
  if (loss?.known && loss.atLeast.seconds > ctx.inputs.maxLossSeconds) {
    const says = `Failing over to ${target.id} would lose at least ${loss.atLeast.seconds.toFixed(0)} s (${byteWords(loss.atLeast.bytes)}), more than the ${ctx.inputs.maxLossSeconds} s allowed.`
    // What it never received comes only while somebody still sends it.
    return answer.position.receiver?.status === 'streaming'
      ? { waitsFor: `${says} It still receives; waits for it to catch up.`, waitsMs: catchUpMs }
      : says
  }
  if (candidate?.wait.known && candidate.wait.seconds > replaySeconds)
    return {
      waitsFor: `${target.id} has ${durationWords(candidate.wait.seconds * 1000)} of WAL to replay, and would not take writes before that. Waits for it.`,
      waitsMs: catchUpMs,
    }
  return null
}

async function verify(
  world: World,
  ctx: StepContext<FailoverInputs, FailoverFacts>,
  elapsedMs: number,
): Promise<Verdict<FailoverFacts>> {
  switch (wayOf(ctx.facts)) {
    case 'cluster':
      return await verifyCluster(world, ctx, elapsedMs)
    case 'standby':
      return await verifyStandby(world, ctx, elapsedMs)
    case 'promotion':
      return await verifyPromotion(world, ctx, elapsedMs)
  }
}

async function verifyCluster(
  world: World,
  ctx: StepContext<FailoverInputs, FailoverFacts>,
  elapsedMs: number,
): Promise<Verdict<FailoverFacts>> {
  const facts = ctx.facts
  const target = needed(facts.target, 'the target')
  const before = needed(facts.writerBefore, 'the writer')
  // Clients wait for this look: what does not need another's answer is asked at once.
  const [events, look, own] = await Promise.all([
    failoverEvents(world, ctx.startedAt),
    lookAtRds(world, facts),
    lookAtWriter(world, facts),
  ])
  if (failedSince(events) && (events.failed?.at ?? 0) > (events.completed?.at ?? 0))
    return { state: 'failed', says: `RDS reports: ${events.failed?.message ?? ''}.` }
  const named = look.read ? look.fleet.writerId : null
  const elsewhere = named !== null && named !== target.id && named !== before.id
  const settled = look.read && elsewhere && !isChanging(look.fleet.status)
  // By the events, or by the word of the node itself: events that cannot be read keep nobody waiting.
  if (settled && (events.completed || (await takesWrites(world, look.fleet, named))))
    return {
      state: 'failed',
      says: `RDS promoted ${named}, not ${target.id}.`,
      facts: { otherWriter: await fixOther(world, look.fleet) },
    }
  const lag = lagOfRds(look, target.id)
  if (!own.proved) return { state: 'not-yet', says: [lag, own.says].filter(Boolean).join(' '), ...unprovedFacts(facts) }
  // A third node that RDS names is no description that is late: who is the writer is not settled.
  if (lag !== null && elsewhere) return { state: 'not-yet', says: `${own.says} ${lag}` }
  const waits = lag === null ? null : waitForRds(world, ctx, elapsedMs, lag, own.says)
  if (waits) return waits
  const lack = lag ?? lackOfEvents(events)
  return {
    state: 'proved',
    says: lack === null ? own.says : `${own.says} ${lack} That stays open; the run continues.`,
    facts: {
      promotedAt: facts.promotedAt ?? world.now(),
      ...(lack === null ? {} : { obligations: withObligation(facts, confirmationOwed(target.id, lack)) }),
    },
  }
}

async function takesWrites(world: World, fleet: Standing, id: string): Promise<boolean> {
  const answer = await askPosition(world, fleet.instances.find((i) => i.id === id)?.address ?? null)
  return answer.ok && !answer.position.standby
}

/** Is the target the writer by the database's own word: role, timeline and commits, at its address and at the endpoint? */
async function lookAtWriter(world: World, facts: FailoverFacts): Promise<{ proved: boolean; says: string }> {
  const target = needed(facts.target, 'the target')
  const before = needed(facts.writerBefore, 'the writer')
  const endpoint = needed(facts.endpoint, 'the endpoint')
  const address = needed(addressOf(target), 'the target’s address')
  const not = (says: string) => ({ proved: false, says })
  const [answer, through] = await Promise.all([askPosition(world, address), askPosition(world, endpoint)])
  if (!answer.ok) return not(`${target.id} does not respond yet: ${answer.why}`)
  if (answer.position.standby) return not(`${target.id} answers; it still says that it is a standby.`)
  const old = before.timeline
  const now = answer.position.timeline
  if (facts.topology !== 'aurora' && old !== null && now !== null && now <= old)
    return not(`${target.id} is still on timeline ${now}.`)
  if (!through.ok || through.position.standby)
    return not('The cluster endpoint does not resolve to the new writer yet.')
  // Until the name has moved it leads to the former writer, if that is alive: another server, below the new timeline.
  if (now !== null && through.position.timeline !== null && through.position.timeline !== now)
    return not(`The cluster endpoint resolves to timeline ${through.position.timeline}, not ${now}.`)
  const writes = await Promise.all([tryWrite(world, address), tryWrite(world, endpoint)])
  const unwritten = writes.find((why) => why !== null)
  if (unwritten) return not(`${target.id} is the writer; a write does not commit yet: ${unwritten}`)
  return {
    proved: true,
    says: `${target.id} is the writer${now === null ? '' : ` on timeline ${now}`}; writes commit there and through the cluster endpoint.`,
  }
}

/** The one effect that cannot be taken back. */
export const failOver: Step<FailoverInputs, FailoverFacts> = {
  id: 'fail-over',
  title: 'Fail over to the target',
  effect: 'DANGEROUS',
  estimate: { lowSeconds: 30, highSeconds: 600 },
  why: 'The target takes writes from here on; what it never received is lost.',
  provedBy:
    'Three independent checks agree. The target is promoted, on the next timeline, and commits writes directly and through the cluster endpoint. RDS reports the failover as complete, or does so later as an open item. Without a cluster, RDS no longer names a source, or the instance moved to the zone of its standby.',
  undoneBy: null,
  call: failOverCall,
  observe,
  guard,
  verify,
  everyMs: 2_000,
  forMs: 600_000,
  agreeing: 3,
  settleMs: 60_000,
  serves: ['connectivity', 'app-health', 'replication', 'dns'],
  revisions: failoverRevisions,
}
