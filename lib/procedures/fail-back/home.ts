import { nodeWords } from '../../domain/cluster/node-key'
import { rdsStatus } from '../../domain/cluster/rds-status'
import { counted, durationWords } from '../../domain/units'
import type { Observation, Surroundings, Verdict, World } from '../contract'
import { duty, needed, withObligation } from '../facts'
import { addressOf, askPosition, tryWrite } from '../looking'
import { countLost } from '../numbered-commits'
import { readPositionOf } from '../previewing'
import { promote } from '../region-recovery/promote'
import { protect } from '../region-recovery/protect'
import { replicaIfRead } from '../region-recovery/replica'
import { fenceBySql, reopenBySql } from '../steps/fence-calls'
import { returnsOwed } from '../steps/return-names'
import { steadyWrites } from '../steps/steady-writes'
import { servesAtHome } from './application'
import type { FailBackFacts } from './facts'
import type { Ctx, FailBackStep } from './step'
import { lastPositionMissing, leftIsOpen } from './stop-writes'

/** As in the recovery, in the other direction: with the last position as its condition, and a database that is still closed as its proof. */
export const promoteHome: FailBackStep = {
  ...promote,
  title: 'Promote the replica at home',
  why: 'The replica becomes a database of its own. It holds all that was committed, and takes no writes before it is opened.',
  provedBy: 'Three checks in a row: it is no standby, and is on the next timeline. RDS names no source any more.',
  async guard(world, ctx) {
    return await lastPositionMissing(world, ctx.facts)
  },
  async verify(world, ctx): Promise<Verdict<FailBackFacts>> {
    const { facts } = ctx
    const target = needed(facts.target, 'the replica at home')
    const [look, answer] = await Promise.all([replicaIfRead(world, facts), askPosition(world, addressOf(target))])
    if ('why' in look) return { state: 'not-yet', says: `RDS could not be read: ${look.why}` }
    const { status, replicaSourceId } = look.replica
    const not = (why: string): Verdict<FailBackFacts> => ({
      state: 'not-yet',
      says: `${why} RDS reports it as ${status}.`,
    })
    const { kind } = rdsStatus(status)
    if (kind === 'broken') return { state: 'failed', says: `The promotion of ${target.id} failed: it is ${status}.` }
    if (!answer.ok) return not(`${target.id} does not respond yet: ${answer.why}`)
    if (answer.position.standby) return not(`${target.id} still says that it is a standby.`)
    const before = facts.writerBefore?.timeline ?? target.timeline
    const { timeline } = answer.position
    if (before !== null && timeline !== null && timeline <= before)
      return not(`${target.id} is still on timeline ${timeline}.`)
    if (kind === 'changing' || replicaSourceId !== null)
      return not(`${target.id} is promoted, and RDS has not finished.`)
    return {
      state: 'proved',
      says: `${target.id} is a database of its own${timeline === null ? '' : ` on timeline ${timeline}`}. The application cannot write to it yet.`,
      facts: { promotedAt: facts.promotedAt ?? world.now() },
    }
  },
}

export const protectHome: FailBackStep = protect

const atHome = (ctx: Ctx) => ({ facts: { writerBefore: ctx.facts.target } })

/** The state in which writes were stopped came home with everything else; it is lifted there, and only there. */
export const openHome = (environment: Surroundings): FailBackStep => ({
  id: 'open-home',
  title: 'Let the application write at home',
  effect: 'DANGEROUS',
  estimate: { lowSeconds: 1, highSeconds: 30 },
  why: 'The replica received the stop of all writes as well. The application can use the database at home from here on.',
  provedBy: 'The application may log in at home and a write commits, while the database that was left accepts none.',
  undoneBy: 'Login and writes stopped at home',
  everyMs: 1_000,
  forMs: 60_000,
  settleMs: 20_000,
  serves: ['connectivity', 'app-health'],
  call: (ctx) => needed(reopenBySql(atHome(ctx), environment), 'a role that may allow writes'),
  async observe(world, ctx): Promise<Observation<FailBackFacts>> {
    const open = await isOpen(world, ctx)
    return {
      state: open ? 'done' : 'not-started',
      says: open ? 'The application may write at home.' : 'It is closed at home.',
    }
  },
  async guard(world, ctx) {
    const target = needed(ctx.facts.target, 'the database at home')
    const answer = await askPosition(world, addressOf(target))
    if (!answer.ok) return `${target.id} does not respond: ${answer.why}`
    if (answer.position.standby) return `${target.id} is a standby. Nothing was opened.`
    return await leftIsOpen(world, ctx.facts)
  },
  async verify(world, ctx): Promise<Verdict<FailBackFacts>> {
    const target = needed(ctx.facts.target, 'the database at home')
    if (!(await isOpen(world, ctx)))
      return { state: 'not-yet', says: `The application cannot log in at ${target.id} yet.` }
    const error = await tryWrite(world, needed(addressOf(target), 'its address'))
    return error
      ? { state: 'not-yet', says: `A write failed: ${error}` }
      : {
          state: 'proved',
          says: `${target.id} accepts the application and commits writes.`,
          facts: { openedAt: ctx.facts.openedAt ?? world.now() },
        }
  },
  undo: {
    effect: 'DANGEROUS',
    call: (ctx) => needed(fenceBySql(atHome(ctx), environment), 'a role that may stop writes'),
    verify: async (world, ctx): Promise<Verdict<FailBackFacts>> =>
      (await isOpen(world, ctx))
        ? { state: 'not-yet', says: 'The application may still log in at home.' }
        : { state: 'proved', says: 'The application cannot log in at home.' },
  },
})

/** The application may log in, new sessions may write, and no session of before is left that may not: our own shows that. */
async function isOpen(world: World, { facts }: Pick<Ctx, 'facts'>): Promise<boolean> {
  const address = needed(addressOf(needed(facts.target, 'the database at home')), 'its address')
  const look = await world.lookAtFence(address)
  if (!look || look.canLogin.length === 0 || look.readOnlyByDefault) return false
  const answer = await askPosition(world, address)
  return answer.ok && !answer.position.readOnly
}

/** Writes for half a minute, and every number that the other database held when writes were stopped. */
export const verifyHome: FailBackStep = {
  id: 'verify-home',
  title: 'Verify the database at home, and that nothing was lost',
  effect: 'READ',
  estimate: { lowSeconds: 30, highSeconds: 300 },
  why: 'A switchover without loss is verified by counting, not by its plan.',
  provedBy:
    'Writes succeed for 30 s, at the pace of the environment. The database at home holds every numbered commit of the one that was left.',
  undoneBy: null,
  everyMs: 1_000,
  forMs: 300_000,
  serves: ['connectivity'],
  shows: (ctx, environment) => [readPositionOf(environment, ctx.facts.target ?? null, ['SHOW transaction_read_only'])],
  async verify(world, ctx): Promise<Verdict<FailBackFacts>> {
    const { facts } = ctx
    const target = needed(facts.target, 'the database at home')
    const address = needed(addressOf(target), 'its address')
    const writes = await steadyWrites(world, address, facts.writesSince)
    if ('waits' in writes) return writes.waits
    const writesSince = writes.since
    const number = await countLost(world, facts.acknowledged, address)
    const outage =
      facts.stoppedAt && facts.openedAt
        ? ` The application could not write for ${durationWords(facts.openedAt - facts.stoppedAt)}.`
        : ''
    const learnt: FailBackFacts = {
      writesSince,
      restoredAt: facts.openedAt,
      lostCommits: number?.lost ?? null,
      lossSeconds: 0,
    }
    if (!number)
      return {
        state: 'proved',
        says: `${writes.says} Nothing is lost by the last position; the application's commits could not be counted.${outage}`,
        facts: learnt,
      }
    if (number.lost > 0)
      return {
        state: 'failed',
        says: `${counted(number.lost, 'numbered commit')} of ${nodeWords(facts.writerBefore?.id ?? '')} are missing at home. Keep both databases and find out why.`,
        facts: learnt,
      }
    return {
      state: 'proved',
      says: `${writes.says} No numbered commit of ${counted(number.writers, 'writer')} is lost.${outage}`,
      facts: learnt,
    }
  },
}

/** What is left in the other region, and what did not come home. */
export const closeFailBack: FailBackStep = {
  id: 'close-fail-back',
  title: 'List what the failback leaves open',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'The database at home has no copy in the other region, and what was left there still costs money.',
  provedBy: 'Remaining work is stored with the run until it is done or accepted.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 60_000,
  serves: ['replication', 'dns'],
  async verify(world, ctx): Promise<Verdict<FailBackFacts>> {
    const { facts } = ctx
    const { drRegion, region } = world.environment.aws
    const { host, port } = needed(facts.endpoint, 'the address of the database at home')
    const target = needed(facts.target, 'the database at home')
    const left = nodeWords(needed(facts.writerBefore, 'the database that was left').id)
    const owed = [
      ...((await servesAtHome(world))
        ? []
        : [duty('application', `Point the application to ${region}`, `Its database is ${host}:${port}.`)]),
      ...(facts.atRest
        ? []
        : [duty('application-elsewhere', `Scale the application in ${drRegion} to 0`, 'It has no database any more.')]),
      ...returnsOwed(world.environment, facts),
      duty(
        'configuration',
        `Name ${target.id} in the environment file`,
        `The War Room still monitors ${world.environment.aws.clusterId}.`,
      ),
      duty(
        'replica-elsewhere',
        `Create a replica of ${target.id} in ${drRegion}`,
        'Until then it has no copy in another region.',
      ),
      duty(
        'left-database',
        `Decide about ${left}`,
        'It is closed to the application and no longer receives anything. It still costs money.',
      ),
    ]
    return {
      state: 'proved',
      says: `Open: ${owed.map(({ title }) => title).join('; ')}.`,
      facts: {
        obligations: owed.reduce((all, one) => withObligation({ obligations: all }, one), facts.obligations ?? []),
      },
    }
  },
}
