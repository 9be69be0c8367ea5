import { z } from 'zod'
import { rdsStatus } from '../../domain/cluster/rds-status'
import { ofOtherDatabase } from '../../domain/cluster/wal-history'
import { withObligation } from '../../domain/run/obligation'
import type { Standing } from '../../ports/standing'
import type { Sight, WatchContext, Watcher, World } from '../contract'
import { fenceSchema, needed, obligationSchema, writerSchema } from '../facts'
import { addressOf, askPosition, lookAtFleet } from '../looking'
import { type FenceState, fenceFacts, lookAtOldWriter, rejoin } from './fence'
import { fenceByGroup, fenceBySql } from './fence-calls'

const stepId = 'fence'
const watched = z.object({ ...writerSchema.shape, ...fenceSchema.shape, ...obligationSchema.shape }).partial()
type Watched = z.output<typeof watched>

/**
 * The writers that were left. One that comes back as a writer raises the alarm the first time it is seen, and is fenced
 * by the yes that its run was given (procedures, C3).
 */
export const watchOldWriter: Watcher<unknown, Watched> = {
  stepId,
  title: 'An old writer',
  everyMs: 30_000,
  after: { facts: ['promotedAt', 'writerBefore', 'target'], ended: stepId },
  facts: watched,
  // A later failover may have made it the writer again: only the newest word on a node counts.
  subject({ writerBefore, target }) {
    const of = needed(writerBefore, 'the old writer').id
    return { of, settles: [of, needed(target, 'the target').id] }
  },
  async look(world, ctx) {
    const fleet = await lookAtFleet(world)
    const state = await lookAtOldWriter(world, ctx, fleet)
    switch (state.kind) {
      case 'pending':
      case 'writer-again':
        return { news: () => null }
      case 'reader':
      case 'gone':
        // Should it come back once more, that is news again.
        return changed(state, { cameBackAt: null })
      case 'fenced':
        return changed(state, {})
      case 'open':
        return (await strayed(world, ctx.facts, fleet)) ? cameBack(world, ctx, state) : { news: () => null }
    }
  },
}

const changed = (state: FenceState, more: Watched): Sight<Watched> => ({
  news(facts) {
    return facts.fence === state.kind ? null : { says: state.says, facts: { ...fenceFacts(facts, state), ...more } }
  },
})

/** A second writer: told once, and fenced where that is allowed and configured. */
function cameBack(
  world: World,
  ctx: WatchContext<unknown, Watched>,
  state: FenceState & { kind: 'open' },
): Sight<Watched> {
  const old = needed(ctx.facts.writerBefore, 'the old writer')
  const { route } = state
  const call =
    ctx.refused !== null || route === null
      ? null
      : route === 'sql'
        ? fenceBySql(ctx, world.environment)
        : fenceByGroup(ctx, world.environment)
  const next = call ? 'It is fenced now.' : (ctx.refused ?? 'Nothing that is configured can close it: a person must.')
  return {
    news(facts) {
      // One that was fenced and is open again is news, too.
      if (facts.cameBackAt != null && facts.fence !== 'fenced') return null
      const obligations = withObligation(facts, rejoin(old.id))
      return {
        alarm: true,
        says: `${old.id} came back as a writer beside the present one: two take writes. ${state.says} ${next}`,
        facts: { cameBackAt: world.now(), fence: 'pending', fenceRoute: route, obligations },
      }
    },
    ...(call && { send: { stepId, call, because: 'it came back' } }),
  }
}

/**
 * Is it the former writer in its former life, and not one that was promoted again? Only a timeline below the present
 * writer's says so; where timelines are not known, nothing is fenced by a machine.
 */
async function strayed(world: World, facts: Watched, fleet: Standing): Promise<boolean> {
  const old = needed(facts.writerBefore, 'the old writer')
  const target = needed(facts.target, 'the target')
  const { kind } = rdsStatus(fleet.status)
  // While RDS changes something, or says a word that is not known, who is whom is not settled: a machine leaves it alone.
  if (kind === 'changing' || kind === 'unknown') return false
  const present = fleet.writerId === null || fleet.writerId === old.id ? target.id : fleet.writerId
  const address =
    fleet.instances.find((i) => i.id === present)?.address ?? (present === target.id ? addressOf(target) : null)
  const [writer, former] = await Promise.all([askPosition(world, address), askPosition(world, addressOf(old))])
  if (!writer.ok || writer.position.standby || !former.ok || former.position.standby) return false
  // Timelines of different databases cannot be compared: one may have been upgraded since.
  if (ofOtherDatabase(writer.position, former.position)) return false
  const [now, then] = [writer.position.timeline, former.position.timeline]
  return now !== null && then !== null && then < now
}
