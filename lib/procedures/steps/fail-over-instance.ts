import { isChanging, rdsStatus } from '../../domain/cluster/rds-status'
import type { Observation, StepContext, Verdict, World } from '../contract'
import { factsOf, learnt, needed, withObligation } from '../facts'
import type { FailoverInputs } from '../failover-inputs'
import { addressOf, askPosition, failoverEvents, lookAtFleet, tryWrite } from '../looking'

/* A failover where there is no cluster. RDS names no writer then: what counts is what the database itself says. */

type Ctx = StepContext<FailoverInputs>

async function standbySeen(world: World, ctx: Ctx) {
  const facts = factsOf(ctx.facts)
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
export async function observeStandby(world: World, ctx: Ctx): Promise<Observation> {
  const { before, instance, answer, events, moved } = await standbySeen(world, ctx)
  const changing = instance !== undefined && isChanging(instance.status)
  if (moved && instance && !changing && answer.ok && !answer.position.standby)
    return { state: 'done', says: `${before.id} runs on its standby, in ${instance.zone}.` }
  // A writer that is broken is no writer that moves: it is failed over.
  if (moved || events.started || changing)
    return { state: 'in-flight', says: `${before.id} is ${instance?.status ?? 'unknown'}; it moves to its standby.` }
  return { state: 'not-started', says: `${before.id} is in ${before.zone}; no failover is under way.` }
}

export async function verifyStandby(world: World, ctx: Ctx): Promise<Verdict> {
  const facts = factsOf(ctx.facts)
  const { before, instance, answer, moved } = await standbySeen(world, ctx)
  if (!instance || isChanging(instance.status))
    return { state: 'not-yet', says: `${before.id} is ${instance?.status ?? 'not described'}.` }
  if (!moved) return { state: 'not-yet', says: `RDS has not said that ${before.id} moved to its standby.` }
  if (!answer.ok) return { state: 'not-yet', says: `${before.id} does not answer yet: ${answer.why}` }
  const address = needed(addressOf(before), 'the address')
  const unwritten = await tryWrite(world, address)
  if (unwritten) return { state: 'not-yet', says: `${before.id} answers; a write does not commit yet: ${unwritten}` }
  return {
    state: 'proved',
    says: `${before.id} runs on its standby, in ${instance.zone}, and commits writes at the same address.`,
    facts: learnt({ promotedAt: facts.promotedAt ?? world.now() }),
  }
}

async function promotionSeen(world: World, ctx: Ctx) {
  const facts = factsOf(ctx.facts)
  const target = needed(facts.target, 'the target')
  const [fleet, answer] = await Promise.all([lookAtFleet(world, facts), askPosition(world, addressOf(target))])
  return { facts, target, answer, instance: fleet.instances.find((i) => i.id === target.id) }
}

/** Is the target a database of its own already, or on the way to it? */
export async function observePromotion(world: World, ctx: Ctx): Promise<Observation> {
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

export async function verifyPromotion(world: World, ctx: Ctx): Promise<Verdict> {
  const { facts, target, answer, instance } = await promotionSeen(world, ctx)
  const before = needed(facts.writerBefore, 'the writer')
  if (!instance || isChanging(instance.status))
    return { state: 'not-yet', says: `${target.id} is ${instance?.status ?? 'not described'}.` }
  if (instance.replicaSourceId !== null)
    return { state: 'not-yet', says: `RDS still names ${target.id} a replica of ${instance.replicaSourceId}.` }
  if (!answer.ok) return { state: 'not-yet', says: `${target.id} does not answer yet: ${answer.why}` }
  if (answer.position.standby) return { state: 'not-yet', says: `${target.id} still says that it is a standby.` }
  const { timeline } = answer.position
  if (before.timeline !== null && timeline !== null && timeline <= before.timeline)
    return { state: 'not-yet', says: `${target.id} is still on timeline ${timeline}.` }
  const unwritten = await tryWrite(world, needed(addressOf(target), 'the target’s address'))
  if (unwritten)
    return { state: 'not-yet', says: `${target.id} is promoted; a write does not commit yet: ${unwritten}` }
  return {
    state: 'proved',
    says: `${target.id} is a database of its own${timeline === null ? '' : ` on timeline ${timeline}`} and commits writes at its own address.`,
    facts: learnt({
      promotedAt: facts.promotedAt ?? world.now(),
      obligations: withObligation(facts, {
        id: 'configuration',
        title: `Name ${target.id} in the environment file`,
        why: `The War Room guards ${world.environment.aws.clusterId} and what is near it; that was the old writer.`,
        state: 'open',
      }),
    }),
  }
}
