import { nodeWords } from '../../domain/cluster/node-key'
import { rdsStatus } from '../../domain/cluster/rds-status'
import type { AwsCall } from '../../domain/procedure/call'
import { byteWords } from '../../domain/units'
import type { Observation, Step, StepContext, Surroundings, Verdict, Wait, World } from '../contract'
import { needed, type Obligation, withObligation } from '../facts'
import { addressOf, askPosition, candidateIn, tryWrite } from '../looking'
import { readOf } from '../previewing'
import type { RegionFacts } from './facts'
import type { RegionInputs } from './inputs'
import { receivedFence } from './open-promoted'
import { placeOf, promotionHeld, replicaIfRead, replicaOf } from './replica'

/** What a promotion needs, of whichever procedure: without a loss that is allowed, none is. */
type Inputs = Pick<RegionInputs, 'retentionDays' | 'backupWindow'> & Partial<Pick<RegionInputs, 'maxLossSeconds'>>
type Facts = Pick<RegionFacts, 'target' | 'writerBefore' | 'promotedAt' | 'obligations'>
type Ctx = StepContext<Inputs, Facts>

/** A replica that still replays, or that RDS is backing up, is given this long, ms; people see it and may give it more. */
const waitMs = 10 * 60_000

const idOf = (ctx: Ctx) => needed(ctx.facts.target, 'the replica').id

function promotion(ctx: Ctx, environment: Surroundings): AwsCall {
  const { name, region } = placeOf(idOf(ctx), environment)
  const { retentionDays, backupWindow } = ctx.inputs
  return {
    kind: 'aws',
    service: 'rds',
    operation: 'PromoteReadReplica',
    region,
    input: {
      DBInstanceIdentifier: name,
      BackupRetentionPeriod: retentionDays,
      PreferredBackupWindow: backupWindow,
    },
  }
}

async function observe(world: World, ctx: Ctx): Promise<Observation<Facts>> {
  const name = nodeWords(idOf(ctx))
  const target = needed(ctx.facts.target, 'the replica')
  const [replica, answer] = await Promise.all([replicaOf(world, ctx.facts), askPosition(world, addressOf(target))])
  const writes = answer.ok && !answer.position.standby
  const judged = rdsStatus(replica.status)
  if (writes && replica.replicaSourceId === null && judged.kind !== 'changing')
    return { state: 'done', says: `${name} is a database of its own.` }
  // A replica that is only changed or backed up still has its source, and says that it is a standby.
  if (
    writes ||
    replica.replicaSourceId === null ||
    (judged.kind === 'changing' && judged.mayBe === 'promotion' && !answer.ok)
  )
    return { state: 'in-flight', says: `${name} is ${replica.status}; this looks like its promotion.` }
  return { state: 'not-started', says: `${name} is a replica of ${nodeWords(replica.replicaSourceId)}.` }
}

/** Right before the act that cannot be taken back: RDS would refuse, WAL would be lost, or more is lost than was allowed. */
async function guard(world: World, ctx: Ctx): Promise<string | Wait | null> {
  const target = needed(ctx.facts.target, 'the replica')
  const name = nodeWords(target.id)
  const held = promotionHeld(await replicaOf(world, ctx.facts))
  if (held?.kind === 'never') return held.says
  if (held) return { waitsFor: `${held.says} Waits for it.`, waitsMs: waitMs }
  const answer = await askPosition(world, addressOf(target))
  if (!answer.ok) return `${name} does not respond: ${answer.why}`
  const { replayPaused, haveLsn, replayLsn } = answer.position
  if (replayPaused) return `${name} has paused its replay; resume it before a promotion.`
  if (haveLsn !== null && replayLsn !== null && replayLsn < haveLsn)
    return {
      waitsFor: `${name} has ${byteWords(Number(haveLsn - replayLsn))} of WAL to replay. Waits for it.`,
      waitsMs: waitMs,
    }
  const loss = candidateIn(world.snapshot(), target.id)?.loss
  const allowed = ctx.inputs.maxLossSeconds ?? 0
  return loss?.known && loss.atLeast.seconds > allowed
    ? `Promoting ${name} would lose at least ${loss.atLeast.seconds.toFixed(0)} s (${byteWords(loss.atLeast.bytes)}), more than the ${allowed} s allowed.`
    : null
}

/** RDS may tell of the promotion late, or not at all, while clients wait: the database's own word counts, and the rest is owed. */
async function verify(world: World, ctx: Ctx): Promise<Verdict<Facts>> {
  const { facts } = ctx
  const target = needed(facts.target, 'the replica')
  const name = nodeWords(target.id)
  const [look, answer] = await Promise.all([replicaIfRead(world, facts), askPosition(world, addressOf(target))])
  const says = 'why' in look ? `RDS could not be read: ${look.why}` : `RDS reports it as ${look.replica.status}.`
  const not = (why: string): Verdict<Facts> => ({ state: 'not-yet', says: `${why} ${says}` })
  if ('replica' in look && rdsStatus(look.replica.status).kind === 'broken')
    return { state: 'failed', says: `The promotion of ${name} failed. ${says}` }
  if (!answer.ok) return not(`${name} does not respond yet: ${answer.why}`)
  if (answer.position.standby) return not(`${name} still says that it is a standby.`)
  const { timeline } = answer.position
  const before = facts.writerBefore?.timeline ?? target.timeline
  if (before !== null && timeline !== null && timeline <= before)
    return not(`${name} is still on timeline ${timeline}.`)
  const unwritten = await tryWrite(world, needed(addressOf(target), 'the address of the replica'))
  // What the replica received of the fence is lifted by the next step; until then it refuses every write.
  const closed = unwritten !== null && (await receivedFence(world, target))
  if (unwritten && !closed) return not(`${name} is promoted; a write does not commit yet: ${unwritten}`)
  const agreed = 'replica' in look && look.replica.replicaSourceId === null
  // RDS restarts what it promotes: a database that it still restarts would be gone a moment later.
  if ('replica' in look && rdsStatus(look.replica.status).kind === 'changing')
    return not(`${name} accepts writes, and RDS has not finished.`)
  const proof = `${name} is a database of its own${timeline === null ? '' : ` on timeline ${timeline}`} and ${closed ? 'refuses writes by the fence that it received' : 'commits writes at its own address'}.`
  return {
    state: 'proved',
    says: agreed ? proof : `${proof} ${says} That stays open; the run continues.`,
    facts: {
      promotedAt: facts.promotedAt ?? world.now(),
      ...(agreed ? {} : { obligations: withObligation(facts, confirmationOwed(name)) }),
    },
  }
}

const confirmationOwed = (name: string): Obligation => ({
  id: 'rds-confirmation',
  title: `See RDS confirm that ${name} has no source`,
  why: 'The database itself accepts writes. RDS had not reported that when the run continued.',
  state: 'open',
})

/** The one effect that cannot be taken back: from here on the two regions have histories of their own. */
export const promote: Step<Inputs, Facts> = {
  id: 'promote-replica',
  title: 'Promote the replica',
  effect: 'DANGEROUS',
  estimate: { lowSeconds: 5 * 60, highSeconds: 30 * 60 },
  why: 'The replica becomes a database of its own. What it never received is lost, or comes back as a second history.',
  provedBy:
    'Three checks in a row: no standby, on the next timeline, and a write commits or is fenced. RDS names no source any more, or does so later as an open item.',
  undoneBy: null,
  call: promotion,
  shows: (ctx, environment) => {
    const { name, region } = placeOf(idOf(ctx), environment)
    return [{ ...readOf(environment, 'DescribeDBInstances', { DBInstanceIdentifier: name }), region }]
  },
  observe,
  guard,
  verify,
  everyMs: 10_000,
  forMs: 60 * 60_000,
  agreeing: 3,
  settleMs: 60_000,
  serves: ['connectivity', 'app-health', 'replication'],
}
