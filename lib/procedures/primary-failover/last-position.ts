import { plural } from '../../domain/units'
import { PortError } from '../../ports/port-error'
import type { Step, StepContext, Verdict, World } from '../contract'
import { needed, type WriterFacts } from '../facts'
import { addressOf, askPosition } from '../looking'
import { lastAcknowledged } from '../numbered-commits'
import { readPositionOf } from '../previewing'
import { lookAtPoolers } from '../steps/pooler'
import type { FailoverFacts } from './facts'
import type { FailoverInputs } from './inputs'
import { wayOf } from './way'

type Look = { held: true; says: string; position: string | null } | { held: false; says: string }

const not = (says: string): Look => ({ held: false, says })

/** Nobody writes any more, and the target holds all that was written: only then may a healthy writer be left. */
export async function lookAtLastPosition(world: World, facts: WriterFacts): Promise<Look> {
  const still = await stillWriting(world, facts)
  if (still) return not(still)
  const target = needed(facts.target, 'the target')
  if (facts.topology === 'aurora')
    return { held: true, position: null, says: `Nobody writes. ${target.id} reads the same storage as the writer.` }
  if (wayOf(facts) === 'standby')
    return {
      held: true,
      position: null,
      says: 'Nobody writes. A Multi-AZ standby receives each commit before it is acknowledged.',
    }
  return await targetHasAll(world, facts)
}

/** Why somebody may still write; null when nobody does. Clients are asked before positions: what they wrote is below those. */
async function stillWriting(world: World, facts: WriterFacts): Promise<string | null> {
  const looks = await lookAtPoolers(world)
  const passing = looks.filter(({ kind }) => kind === 'passing' || kind === 'unknown')
  if (passing.length > 0) return passing.map(({ says }) => says).join(' ')
  const writer = needed(facts.writerBefore, 'the writer')
  try {
    // One that has only just begun can write as well.
    const sessions = await world.applicationSessions(needed(addressOf(writer), 'the writer’s address'), 0)
    if (sessions === null) return 'No recovery role is configured that could see whether the application still writes.'
    if (sessions.length === 0) return null
    const names = [...new Set(sessions.map(({ applicationName, user }) => applicationName || user))]
    return `${sessions.length} application ${plural(sessions.length, 'session')} on ${writer.id} ${plural(sessions.length, 'goes', 'go')} past the pooler: ${names.slice(0, 5).join(', ')}.`
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return `Whether the application still writes to ${writer.id} is unknown: ${error.message}`
  }
}

async function targetHasAll(world: World, facts: WriterFacts): Promise<Look> {
  const writer = needed(facts.writerBefore, 'the writer')
  const target = needed(facts.target, 'the target')
  // One after the other: what the target holds afterwards is held against what there was before.
  const wrote = await askPosition(world, addressOf(writer))
  if (!wrote.ok) return not(`${writer.id} does not respond: ${wrote.why}`)
  const last = wrote.position.flushLsn
  if (wrote.position.standby || last === null) return not(`${writer.id} is no longer the writer.`)
  const has = await askPosition(world, addressOf(target))
  if (!has.ok) return not(`${target.id} does not respond: ${has.why}`)
  const { haveLsn, replayLsn, timeline } = has.position
  if (timeline !== null && wrote.position.timeline !== null && timeline !== wrote.position.timeline)
    return not(`${target.id} is on timeline ${timeline}, the writer on ${wrote.position.timeline}.`)
  if (haveLsn === null || haveLsn < last)
    return not(`${target.id} has not received the last position of ${writer.id} yet.`)
  if (replayLsn === null || replayLsn < last)
    return not(`${target.id} has received the last position of ${writer.id} and still replays it.`)
  return {
    held: true,
    position: String(last),
    says: `Nobody writes, and ${target.id} has received and replayed all that ${writer.id} wrote. Nothing is lost.`,
  }
}

/**
 * Right before the writer is left: is it still so? One that was isolated first cannot be asked any more; its last position was
 * fixed while it could. Null when it is.
 */
export async function lastPositionMissing(world: World, facts: FailoverFacts): Promise<string | null> {
  const isolated = wayOf(facts) === 'promotion' && facts.lastPosition
  if (!isolated) {
    const look = await lookAtLastPosition(world, facts)
    return look.held ? null : look.says
  }
  const target = needed(facts.target, 'the target')
  const has = await askPosition(world, addressOf(target))
  if (!has.ok) return `${target.id} does not respond: ${has.why}`
  const { haveLsn } = has.position
  return haveLsn !== null && haveLsn >= BigInt(isolated)
    ? null
    : `${target.id} does not hold the last position of the old writer.`
}

/** Clients wait meanwhile: short of a pooler's own limit for waiting clients (`query_wait_timeout`, 120 s unless changed), ms. */
export const receiveMs = 60_000

/** Of a planned switchover only: proved before the writer is left. */
export const receiveAll: Step<FailoverInputs, FailoverFacts> = {
  id: 'receive-all',
  title: 'Let the target receive the last position',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'A planned switchover loses nothing. Clients wait, so that there is a last position to receive.',
  provedBy:
    'No application session remains on the writer, and the target has received and replayed its position. A standby or a reader of the same storage has it by design.',
  undoneBy: null,
  everyMs: 1_000,
  forMs: receiveMs,
  shows: (ctx, environment) => [
    readPositionOf(environment, ctx.facts.writerBefore ?? null),
    readPositionOf(environment, ctx.facts.target ?? null),
  ],
  async verify(world, ctx: StepContext<FailoverInputs, FailoverFacts>): Promise<Verdict<FailoverFacts>> {
    const look = await lookAtLastPosition(world, ctx.facts)
    if (!look.held) return { state: 'not-yet', says: look.says }
    // The last word of the old writer: nothing is acknowledged any more.
    const acknowledged = await lastAcknowledged(world)
    return {
      state: 'proved',
      says: look.says,
      facts: { lastPosition: look.position, ...(acknowledged && { acknowledged }) },
    }
  },
}
