import type { Observation, Step, Surroundings, Verdict, World } from '../contract'
import { needed, type WriterFacts } from '../facts'
import { addressOf, askPosition, lookAtFleet } from '../looking'
import { readOf } from '../previewing'
import { anotherWriter } from '../steps/fence'
import { fenceByGroup, unfenceByGroup } from '../steps/fence-calls'
import { wayOf } from './way'

/**
 * Before a promotion: a lone instance goes on as a writer beside its promoted replica, since RDS does not close it. By its
 * security group alone, because a fence by SQL would reach the replica through the log and shut the application out there.
 */
export const fenceFirst = (environment: Surroundings): Step<unknown, WriterFacts> => ({
  id: 'fence-first',
  title: 'Isolate the old writer',
  effect: 'DANGEROUS',
  estimate: { lowSeconds: 1, highSeconds: 120 },
  why: 'RDS closes the old writer of a cluster as it fails over. A single instance keeps running beside the promoted replica.',
  provedBy: 'It is in the quarantine group only and does not respond, or RDS closes it.',
  undoneBy: 'The former security groups',
  everyMs: 2_000,
  forMs: 120_000,
  settleMs: 20_000,
  shows: (ctx) => [
    readOf(environment, 'DescribeDBInstances', { DBInstanceIdentifier: ctx.facts.writerBefore?.id ?? '' }),
  ],
  call: (ctx) => (wayOf(ctx.facts) === 'promotion' ? fenceByGroup(ctx, environment) : null),
  async observe(world, ctx): Promise<Observation<WriterFacts>> {
    const { closed, says } = await lookFirst(world, ctx)
    return { state: closed ? 'done' : 'not-started', says }
  },
  async verify(world, ctx): Promise<Verdict<WriterFacts>> {
    const { closed, says } = await lookFirst(world, ctx)
    return { state: closed ? 'proved' : 'not-yet', says }
  },
  undo: {
    effect: 'DANGEROUS',
    guard: anotherWriter,
    call: (ctx) => needed(unfenceByGroup(ctx, environment), 'the former security groups'),
    async verify(world, ctx): Promise<Verdict<WriterFacts>> {
      const old = needed(ctx.facts.writerBefore, 'the old writer')
      const instance = (await lookAtFleet(world)).instances.find((i) => i.id === old.id)
      const back = old.securityGroupIds.every((id) => instance?.securityGroupIds.includes(id))
      return { state: back ? 'proved' : 'not-yet', says: `Its groups are ${instance?.securityGroupIds.join(', ')}.` }
    },
  },
})

async function lookFirst(world: World, ctx: { facts: WriterFacts }): Promise<{ closed: boolean; says: string }> {
  const facts = ctx.facts
  const old = needed(facts.writerBefore, 'the old writer')
  if (wayOf(facts) !== 'promotion') return { closed: true, says: 'RDS closes the old writer itself as it fails over.' }
  const fleet = await lookAtFleet(world, facts)
  const groups = fleet.instances.find((i) => i.id === old.id)?.securityGroupIds
  if (!groups) return { closed: true, says: `${old.id} does not exist any more.` }
  if (groups.length !== 1 || groups[0] !== world.environment.aws.quarantineSecurityGroupId)
    return { closed: false, says: `${old.id} is in ${groups.join(', ')}; nothing keeps it from taking writes.` }
  const answer = await askPosition(world, addressOf(old))
  return answer.ok
    ? { closed: false, says: `${old.id} is in the quarantine group and still responds.` }
    : { closed: true, says: `${old.id} is in the quarantine group only and does not respond.` }
}
