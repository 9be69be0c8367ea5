import { z } from 'zod'
import type { PoolerAddress } from '../../domain/procedure/call'
import { PortError } from '../../ports/port-error'
import type { StepContext, Watcher, World } from '../contract'
import { type Obligation, obligationSchema, poolerSchema, recoverySchema, writerSchema } from '../facts'
import {
  isPoolerDuty,
  lookAtReturn,
  type PoolerReturn,
  poolerDuty,
  poolerDutyOf,
  poolerSeen,
  servedAgain,
} from './pooler'

const watched = z
  .object({ ...writerSchema.shape, ...obligationSchema.shape, ...poolerSchema.shape, ...recoverySchema.shape })
  .partial()
type Watched = z.output<typeof watched>

/**
 * The poolers of runs that went on without them. An obligation is met when its pooler routes to the new writer; until then it
 * says what was seen last. Nothing is sent.
 */
export const watchPoolers = (stepId: string): Watcher<unknown, Watched> => ({
  stepId,
  title: 'Poolers that were down',
  everyMs: 30_000,
  after: { facts: ['promotedAt'], owes: `${poolerDuty}-` },
  facts: watched,
  async look(world, ctx) {
    const owed = world.environment.poolers.filter((pooler) => isOwed(ctx.facts.obligations ?? [], pooler))
    const looks = await Promise.all(owed.map(async (pooler) => ({ pooler, ...(await seen(world, ctx, pooler)) })))
    return {
      news(facts) {
        const before = facts.obligations ?? []
        // People may have closed one while its pooler was asked.
        const news = looks.filter(
          ({ pooler, says }) =>
            isOwed(before, pooler) && !before.some((o) => o.id === poolerDutyOf(pooler) && o.why === says),
        )
        if (news.length === 0) return null
        const obligations = news.reduce((all, { pooler, back, says }) => poolerSeen(all, pooler, back, says), before)
        // Pods that wait for one of them wait while any is owed.
        const served = !obligations.some((o) => isPoolerDuty(o.id) && o.state === 'open')
        return {
          says: news.map(({ says }) => says).join(' '),
          facts: { obligations, ...(served ? servedAgain(facts, world.now()) : {}) },
        }
      },
    }
  },
})

const isOwed = (obligations: Obligation[], pooler: PoolerAddress) =>
  obligations.some((o) => o.id === poolerDutyOf(pooler) && o.state === 'open')

async function seen(world: World, ctx: StepContext<unknown, Watched>, pooler: PoolerAddress): Promise<PoolerReturn> {
  try {
    return await lookAtReturn(world, ctx, pooler)
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { back: false, says: error.message }
  }
}
