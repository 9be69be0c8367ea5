import type { Observation, Step, StepContext, Verdict, World } from '../contract'
import { type FailoverFacts, factsOf, learnt, needed, withObligation } from '../facts'
import type { FailoverInputs } from '../failover-inputs'
import { addressOf, askPosition, lookAtFleet } from '../looking'

type Fenced = { fenced: boolean; says: string; facts: FailoverFacts }

/** Can anything still be written on the old writer? Asks it, and RDS; it never tries a write there. */
async function look(world: World, ctx: StepContext<FailoverInputs>): Promise<Fenced> {
  const facts = factsOf(ctx.facts)
  const old = needed(facts.writerBefore, 'the old writer')
  const target = needed(facts.target, 'the target')
  const [fleet, answer] = await Promise.all([lookAtFleet(world), askPosition(world, addressOf(old))])
  const instance = fleet.instances.find((i) => i.id === old.id)
  const met = withObligation(facts, { ...pending(old.id), state: 'met' })
  if (answer.ok && answer.position.standby)
    return {
      fenced: true,
      says: `${old.id} is back as a reader; it takes no writes.`,
      facts: { fence: 'reader', obligations: met },
    }
  if (answer.ok) return { fenced: false, says: `${old.id} answers and still takes writes.`, facts: {} }
  const quarantine = world.environment.aws.quarantineSecurityGroupId
  if (quarantine && instance?.securityGroupIds.length === 1 && instance.securityGroupIds[0] === quarantine)
    return {
      fenced: true,
      says: `${old.id} stands in the quarantine group and does not answer.`,
      facts: { fence: 'fenced', obligations: met },
    }
  if (!instance)
    return { fenced: true, says: `${old.id} does not exist any more.`, facts: { fence: 'gone', obligations: met } }
  const managed = facts.topology !== 'instance'
  if (managed && fleet.writerId === target.id)
    return {
      fenced: true,
      says: `${old.id} does not answer (${answer.why}) and RDS, which owns it, names ${target.id} the only writer. Until it is back as a reader this stays a risk that is watched.`,
      facts: { fence: 'unreachable', obligations: withObligation(facts, pending(old.id)) },
    }
  return {
    fenced: false,
    says: `${old.id} does not answer (${answer.why}), and nothing keeps it from coming back as a writer.`,
    facts: {},
  }
}

const pending = (id: string) => ({
  id: 'fence-pending',
  title: `See ${id} back as a reader`,
  why: 'It did not answer when it was fenced. If it came back as a writer, two would take writes.',
  state: 'open' as const,
})

/** P1.6 (C3): two writers are worse than none. */
export const fenceOldWriter: Step<FailoverInputs> = {
  id: 'fence',
  number: 'P1.6',
  title: 'Fence the old writer',
  effect: 'DANGEROUS',
  estimate: { lowSeconds: 5, highSeconds: 120 },
  why: 'A writer that comes back and takes writes splits the data in two.',
  provedBy:
    'The old writer is a reader, stands in quarantine or is gone; if it only does not answer, RDS must own it, and it is watched.',
  undoneBy: 'Former security groups',
  everyMs: 2_000,
  forMs: 120_000,
  settleMs: 20_000,
  call(ctx, environment) {
    const { topology, writerBefore } = factsOf(ctx.facts)
    const group = environment.aws.quarantineSecurityGroupId
    // Aurora and Multi-AZ clusters are fenced by the platform, and their members take no groups of their own.
    if (!group || !writerBefore || (topology !== 'instance' && topology !== 'hybrid')) return null
    return {
      kind: 'aws',
      service: 'rds',
      operation: 'ModifyDBInstance',
      region: environment.aws.region,
      input: { DBInstanceIdentifier: writerBefore.id, VpcSecurityGroupIds: [group], ApplyImmediately: true },
    }
  },
  async observe(world, ctx): Promise<Observation> {
    const { fenced, says, facts } = await look(world, ctx)
    return { state: fenced ? 'done' : 'not-started', says, facts: learnt(facts) }
  },
  async verify(world, ctx): Promise<Verdict> {
    const { fenced, says, facts } = await look(world, ctx)
    return { state: fenced ? 'proved' : 'not-yet', says, facts: learnt(facts) }
  },
}
