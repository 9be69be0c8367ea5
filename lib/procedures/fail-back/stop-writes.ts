import { nodeWords } from '../../domain/cluster/node-key'
import { lastNumbers } from '../../domain/run/one-sided'
import { counted } from '../../domain/units'
import { PortError } from '../../ports/port-error'
import type { Observation, Surroundings, Verdict, World } from '../contract'
import { needed } from '../facts'
import { addressOf, askPosition } from '../looking'
import { readPositionOf } from '../previewing'
import { fenceBySql, reopenBySql } from '../steps/fence-calls'
import type { FailBackFacts } from './facts'
import type { Ctx, FailBackStep } from './step'

type Door = { closed: boolean; says: string }

/** Can the application still write to the database that is left? Throws PortError when that is not known. */
async function lookAtDoor(world: World, facts: FailBackFacts): Promise<Door> {
  const left = needed(facts.writerBefore, 'the database that is left')
  const name = nodeWords(left.id)
  const address = needed(addressOf(left), 'its address')
  const answer = await askPosition(world, address)
  if (!answer.ok)
    throw new PortError('unreachable', `${name} does not respond: ${answer.why}`, {
      outcome: 'rejected',
      probe: 'other',
    })
  const look = await world.lookAtFence(address)
  if (!look) return { closed: false, says: `No recovery role is configured that could look at ${name}.` }
  const refused = look.write.refusedWith === '25006' && answer.position.readOnly
  if (look.canLogin.length === 0 && look.sessions === 0 && refused)
    return { closed: true, says: `${name} accepts no writes: the application cannot log in and has no session.` }
  const doors = [
    ...look.canLogin.map((role) => `${role} may log in`),
    ...(look.sessions > 0 ? [`${counted(look.sessions, 'session')} open`] : []),
    ...(refused ? [] : ['a write is let through']),
  ]
  return { closed: false, says: `${name} still takes writes: ${doors.join(', ')}.` }
}

/** Why the database that is left must stay closed; null when the replica is still a replica. What is not known counts as promoted. */
async function promotedAlready(world: World, { facts }: Pick<Ctx, 'facts'>): Promise<string | null> {
  const target = needed(facts.target, 'the replica at home')
  const answer = await askPosition(world, addressOf(target))
  if (answer.ok && answer.position.standby) return null
  return answer.ok
    ? `${target.id} is promoted. Opening the other database would make two writers.`
    : `It is unknown whether ${target.id} is promoted: ${answer.why}`
}

/** The way back of a planned switchover begins with an end of all writes: only then is there a last position to receive. */
export const stopWrites = (environment: Surroundings): FailBackStep => ({
  id: 'stop-writes',
  title: 'Stop all writes to the database that serves now',
  effect: 'DANGEROUS',
  estimate: { lowSeconds: 2, highSeconds: 60 },
  why: 'The application is without a database from here until the database at home is opened. Nothing may be written until then.',
  provedBy:
    'The application can neither log in nor write, and has no session there. The replica at home receives that state, too.',
  undoneBy: 'Login and writes allowed again',
  everyMs: 1_000,
  forMs: 60_000,
  settleMs: 20_000,
  call: (ctx) => needed(fenceBySql(ctx, environment), 'a role that may stop writes'),
  async observe(world, ctx): Promise<Observation<FailBackFacts>> {
    const { closed, says } = await lookAtDoor(world, ctx.facts)
    return { state: closed ? 'done' : 'not-started', says }
  },
  async guard(world, ctx) {
    const target = needed(ctx.facts.target, 'the replica at home')
    const answer = await askPosition(world, addressOf(target))
    if (!answer.ok) return `${target.id} does not respond: ${answer.why}. Writes were not stopped.`
    return answer.position.receiver?.status === 'streaming'
      ? null
      : `${target.id} does not stream, so it would not receive the last position. Writes were not stopped.`
  },
  async verify(world, ctx): Promise<Verdict<FailBackFacts>> {
    const { closed, says } = await lookAtDoor(world, ctx.facts)
    return closed
      ? { state: 'proved', says, facts: { stoppedAt: ctx.facts.stoppedAt ?? world.now() } }
      : { state: 'not-yet', says }
  },
  undo: {
    effect: 'DANGEROUS',
    guard: promotedAlready,
    call: (ctx) => needed(reopenBySql(ctx, environment), 'a role that may allow writes'),
    async verify(world, ctx): Promise<Verdict<FailBackFacts>> {
      const address = needed(addressOf(needed(ctx.facts.writerBefore, 'the database')), 'its address')
      const look = await world.lookAtFence(address)
      const open = look !== null && look.canLogin.length > 0 && !look.readOnlyByDefault
      return { state: open ? 'proved' : 'not-yet', says: open ? 'It takes writes again.' : 'It is still closed.' }
    },
  },
})

/** Nobody writes, and the replica holds everything that was written: nothing is lost by what follows. */
export const receiveLast: FailBackStep = {
  id: 'receive-last',
  title: 'Let the replica at home receive the last position',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'The way home loses nothing: the replica must hold all that was committed before it is promoted.',
  provedBy: 'Nobody can write, and the replica has received and replayed the position read after that.',
  undoneBy: null,
  everyMs: 1_000,
  forMs: 120_000,
  shows: (ctx, environment) => [
    readPositionOf(environment, ctx.facts.writerBefore ?? null),
    readPositionOf(environment, ctx.facts.target ?? null),
  ],
  async verify(world, ctx): Promise<Verdict<FailBackFacts>> {
    const left = needed(ctx.facts.writerBefore, 'the database that is left')
    const target = needed(ctx.facts.target, 'the replica at home')
    const not = (says: string): Verdict<FailBackFacts> => ({ state: 'not-yet', says })
    // The door before the positions: what was written through it lies below them.
    const door = await lookAtDoor(world, ctx.facts)
    if (!door.closed) return { state: 'failed', says: `${door.says} Stop the writes again.` }
    const wrote = await askPosition(world, addressOf(left))
    if (!wrote.ok) return not(`${nodeWords(left.id)} does not respond: ${wrote.why}`)
    const last = wrote.position.flushLsn
    if (last === null) return not(`The position of ${nodeWords(left.id)} is unknown.`)
    const has = await askPosition(world, addressOf(target))
    if (!has.ok) return not(`${target.id} does not respond: ${has.why}`)
    const { timeline, haveLsn, replayLsn } = has.position
    if (timeline !== null && wrote.position.timeline !== null && timeline !== wrote.position.timeline)
      return not(`${target.id} is on timeline ${timeline}, not ${wrote.position.timeline}.`)
    if (haveLsn === null || haveLsn < last) return not(`${target.id} has not received the last position yet.`)
    if (replayLsn === null || replayLsn < last)
      return not(`${target.id} has received the last position and replays it.`)
    const held = await world.numberRanges(needed(addressOf(left), 'its address'))
    return {
      state: 'proved',
      says: `${door.says} ${target.id} has received and replayed all that was written. Nothing is lost.`,
      facts: { lastPosition: String(last), ...(held && { acknowledged: lastNumbers(held) }) },
    }
  },
}

/** Right before the promotion: is the database that is left still closed, and does the replica hold its last position? */
export async function lastPositionMissing(world: World, facts: FailBackFacts): Promise<string | null> {
  const door = await lookAtDoor(world, facts)
  if (!door.closed) return door.says
  const target = needed(facts.target, 'the replica at home')
  const last = BigInt(needed(facts.lastPosition, 'the last position'))
  const has = await askPosition(world, addressOf(target))
  if (!has.ok) return `${target.id} does not respond: ${has.why}`
  const { replayLsn } = has.position
  return replayLsn !== null && replayLsn >= last ? null : `${target.id} does not hold the last position.`
}

/** Why the database at home must not be opened yet; null when the other one is closed. What is not known counts as open. */
export async function leftIsOpen(world: World, facts: FailBackFacts): Promise<string | null> {
  const door = await lookAtDoor(world, facts)
  return door.closed ? null : door.says
}
