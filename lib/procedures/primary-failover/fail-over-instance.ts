import { isChanging, rdsStatus } from '../../domain/cluster/rds-status'
import type { Observation, StepContext, Verdict, World } from '../contract'
import { needed, type Obligation, withObligation } from '../facts'
import { addressOf, askPosition, failoverEvents, lookAtFleet, tryWrite } from '../looking'
import type { FailoverFacts } from './facts'
import type { FailoverInputs } from './inputs'
import { confirmationOwed, lagOfInstance, unprovedFacts, waitForRds } from './rds-confirmation'

/* A failover where there is no cluster. RDS names no writer then: what counts is what the database itself says. */

type Ctx = StepContext<FailoverInputs, FailoverFacts>

async function standbySeen(world: World, ctx: Ctx) {
  const facts = ctx.facts
  const before = needed(facts.writerBefore, 'the writer')
  const [fleet, answer, events] = await Promise.all([
    lookAtFleet(world, facts),
    askPosition(world, addressOf(before)),
    failoverEvents(world, ctx.startedAt, [before.id]),
  ])
  const instance = fleet.instances.find((i) => i.id === before.id)
  // RDS may tell of it late; another zone than before is the same word.
  const moved = events.completed !== null || (instance !== undefined && instance.zone !== before.zone)
  return { before, instance, answer, events, moved }
}

/** Has the instance moved to its standby since the run began? Its name and address stay, so only RDS can tell. */
export async function observeStandby(world: World, ctx: Ctx): Promise<Observation<FailoverFacts>> {
  const { before, instance, answer, events, moved } = await standbySeen(world, ctx)
  const changing = instance !== undefined && isChanging(instance.status)
  if (moved && instance && !changing && answer.ok && !answer.position.standby)
    return { state: 'done', says: `${before.id} runs on its standby, in ${instance.zone}.` }
  // A writer that is broken is no writer that moves: it is failed over.
  if (moved || events.started || changing)
    return { state: 'in-flight', says: `${before.id} is ${instance?.status ?? 'unknown'}; it moves to its standby.` }
  return { state: 'not-started', says: `${before.id} is in ${before.zone}; no failover is under way.` }
}

export async function verifyStandby(world: World, ctx: Ctx, elapsedMs: number): Promise<Verdict<FailoverFacts>> {
  const facts = ctx.facts
  const { before, instance, answer, events, moved } = await standbySeen(world, ctx)
  const not = (says: string): Verdict<FailoverFacts> => ({ state: 'not-yet', says, ...unprovedFacts(facts) })
  if (!instance) return not(`${before.id} is not described.`)
  // Name, address and timeline stay: only RDS can tell that it moved.
  if (!moved)
    return not(
      `RDS has not said that ${before.id} moved to its standby; it is ${instance.status} in ${instance.zone}.${events.unread ? ` Its events could not be read: ${events.unread}` : ''}`,
    )
  if (!answer.ok) return not(`${before.id} does not respond yet: ${answer.why}`)
  const address = needed(addressOf(before), 'the address')
  const unwritten = await tryWrite(world, address)
  if (unwritten) return not(`${before.id} answers; a write does not commit yet: ${unwritten}`)
  const proof = `${before.id} runs on its standby, in ${instance.zone}, and commits writes at the same address.`
  return proved(world, ctx, elapsedMs, { id: before.id, proof, lag: lagOfInstance(instance) })
}

/** Proved by the database: at once when RDS has caught up, else after a bounded wait, and then RDS's word is owed. */
function proved(
  world: World,
  ctx: Ctx,
  elapsedMs: number,
  { id, proof, lag, owed = [] }: { id: string; proof: string; lag: string | null; owed?: Obligation[] },
): Verdict<FailoverFacts> {
  const facts = ctx.facts
  const waits = lag === null ? null : waitForRds(world, ctx, elapsedMs, lag, proof)
  if (waits) return waits
  const all = lag === null ? owed : [...owed, confirmationOwed(id, lag)]
  return {
    state: 'proved',
    says: lag === null ? proof : `${proof} ${lag} That stays open; the run continues.`,
    facts: {
      promotedAt: facts.promotedAt ?? world.now(),
      ...(all.length === 0
        ? {}
        : {
            obligations: all.reduce((sum, each) => withObligation({ obligations: sum }, each), facts.obligations ?? []),
          }),
    },
  }
}

async function promotionSeen(world: World, ctx: Ctx) {
  const facts = ctx.facts
  const target = needed(facts.target, 'the target')
  const [fleet, answer] = await Promise.all([lookAtFleet(world, facts), askPosition(world, addressOf(target))])
  return { facts, target, answer, instance: fleet.instances.find((i) => i.id === target.id) }
}

/** Is the target a database of its own already, or on the way to it? */
export async function observePromotion(world: World, ctx: Ctx): Promise<Observation<FailoverFacts>> {
  const { target, answer, instance } = await promotionSeen(world, ctx)
  if (!instance) return { state: 'conflict', says: `RDS does not know ${target.id} any more. Choose another target.` }
  const writes = answer.ok && !answer.position.standby
  if (writes && !isChanging(instance.status) && instance.replicaSourceId === null)
    return { state: 'done', says: `${target.id} is a database of its own.` }
  // A replica that is backed up or changed is not promoted yet; what it says of itself decides.
  const judged = rdsStatus(instance.status)
  if (writes || instance.replicaSourceId === null || (judged.kind === 'changing' && judged.mayBe === 'promotion'))
    return { state: 'in-flight', says: `${target.id} is ${instance.status}; this looks like its promotion.` }
  return { state: 'not-started', says: `${target.id} is a replica of ${instance.replicaSourceId}.` }
}

export async function verifyPromotion(world: World, ctx: Ctx, elapsedMs: number): Promise<Verdict<FailoverFacts>> {
  const { facts, target, answer, instance } = await promotionSeen(world, ctx)
  const before = needed(facts.writerBefore, 'the writer')
  const not = (says: string): Verdict<FailoverFacts> => ({ state: 'not-yet', says, ...unprovedFacts(facts) })
  if (!instance) return not(`${target.id} is not described.`)
  if (!answer.ok) return not(`${target.id} is ${instance.status} and does not respond yet: ${answer.why}`)
  if (answer.position.standby) return not(`${target.id} is ${instance.status} and still says that it is a standby.`)
  const { timeline } = answer.position
  if (before.timeline !== null && timeline !== null && timeline <= before.timeline)
    return not(`${target.id} is still on timeline ${timeline}.`)
  const unwritten = await tryWrite(world, needed(addressOf(target), 'the target’s address'))
  if (unwritten) return not(`${target.id} is promoted; a write does not commit yet: ${unwritten}`)
  const proof = `${target.id} is a database of its own${timeline === null ? '' : ` on timeline ${timeline}`} and commits writes at its own address.`
  return proved(world, ctx, elapsedMs, {
    id: target.id,
    proof,
    lag: lagOfInstance(instance),
    owed: [
      {
        id: 'configuration',
        title: `Name ${target.id} in the environment file`,
        why: `The War Room guards ${world.environment.aws.clusterId} and what is near it; that was the old writer.`,
        state: 'open',
      },
    ],
  })
}
