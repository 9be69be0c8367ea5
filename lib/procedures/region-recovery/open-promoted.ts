import { nodeWords } from '../../domain/cluster/node-key'
import { PortError } from '../../ports/port-error'
import type { Observation, Step, StepContext, Surroundings, Verdict, World } from '../contract'
import { type FixedNode, needed } from '../facts'
import { addressOf, askPosition, tryWrite } from '../looking'
import { readPositionOf } from '../previewing'
import { reopenBySql } from '../steps/fence-calls'
import type { RegionFacts } from './facts'
import type { RegionInputs } from './inputs'

type Ctx = StepContext<RegionInputs, RegionFacts>

const targetOf = ({ facts }: Ctx): FixedNode => needed(facts.target, 'the replica')

/**
 * Is the database closed to the application by the fence of the writer at home, or a session left that began under it, as our own shows?
 * Null where no role may look. Throws PortError.
 */
async function isClosed(world: World, target: FixedNode): Promise<boolean | null> {
  const address = needed(addressOf(target), 'the address of the replica')
  const look = await world.lookAtFence(address)
  if (!look || look.readOnlyByDefault || look.canLogin.length === 0) return look && true
  const answer = await askPosition(world, address)
  return answer.ok && answer.position.readOnly
}

/** The same, where not being able to look is no reason to say so. */
export async function receivedFence(world: World, target: FixedNode): Promise<boolean> {
  try {
    return (await isClosed(world, target)) === true
  } catch (error) {
    if (error instanceof PortError) return false
    throw error
  }
}

/** A fence by SQL is data: while the replica still received, it received that as well. It is lifted here, and only here. */
export const openPromoted = (environment: Surroundings): Step<RegionInputs, RegionFacts> => ({
  id: 'open-promoted',
  title: 'Allow writes on the promoted database',
  effect: 'SAFE',
  estimate: { lowSeconds: 1, highSeconds: 30 },
  why: 'A replica that was still connected received the fence of the old writer as well, and would refuse the application.',
  provedBy: 'The application may log in at the promoted database, and a write commits there.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 120_000,
  settleMs: 20_000,
  serves: ['connectivity'],
  call: (ctx) => reopenBySql({ facts: { writerBefore: targetOf(ctx) } }, environment),
  shows: (ctx, surroundings) => [
    readPositionOf(surroundings, ctx.facts.target ?? null, ['SHOW default_transaction_read_only']),
  ],
  async observe(world, ctx): Promise<Observation<RegionFacts>> {
    const target = targetOf(ctx)
    const name = nodeWords(target.id)
    const closed = await isClosed(world, target)
    if (closed)
      return { state: 'not-started', says: `${name} has the fence of the old writer: it refuses the application.` }
    return {
      state: 'done',
      says: closed === null ? `No role may look at ${name}.` : `${name} accepts the application.`,
    }
  },
  async guard(world, ctx) {
    const target = targetOf(ctx)
    const answer = await askPosition(world, addressOf(target))
    if (!answer.ok) return `${nodeWords(target.id)} does not respond: ${answer.why}`
    return answer.position.standby ? `${nodeWords(target.id)} is still a standby. Nothing was changed.` : null
  },
  async verify(world, ctx): Promise<Verdict<RegionFacts>> {
    const target = targetOf(ctx)
    const name = nodeWords(target.id)
    if (await isClosed(world, target)) return { state: 'not-yet', says: `The application cannot write to ${name} yet.` }
    const error = await tryWrite(world, needed(addressOf(target), 'the address of the replica'))
    return error
      ? { state: 'not-yet', says: `A write failed: ${error}` }
      : { state: 'proved', says: `${name} accepts the application, and a write commits.` }
  },
})
