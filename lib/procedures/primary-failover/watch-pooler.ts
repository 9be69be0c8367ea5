import { PortError } from '../../ports/port-error'
import type { StepContext, Watcher, World } from '../contract'
import { lookAtReturn, type PoolerReturn, poolerDuty, poolerSeen, servedAgain } from '../steps/pooler'
import { type FailoverFacts, failoverFacts } from './facts'

/**
 * The pooler of runs that went on without it. The obligation is met when the pooler routes to the new writer; until then it
 * says what was seen last. Nothing is sent.
 */
export const watchPooler: Watcher<unknown, FailoverFacts> = {
  stepId: 'switch-pooler',
  title: 'A pooler that was down',
  everyMs: 30_000,
  after: { facts: ['promotedAt'], owes: poolerDuty },
  facts: failoverFacts,
  async look(world, ctx) {
    if (!world.environment.pooler || !world.pooler) return { news: () => null }
    const { back, says } = await seen(world, ctx)
    return {
      news(facts) {
        const obligations = facts.obligations ?? []
        const duty = obligations.find(({ id }) => id === poolerDuty)
        // People may have closed it while the pooler was asked.
        if (duty?.state !== 'open' || duty.why === says) return null
        const again = back ? servedAgain(facts, world.now()) : {}
        return { says, facts: { obligations: poolerSeen(obligations, back, says), ...again } }
      },
    }
  },
}

async function seen(world: World, ctx: StepContext<unknown, FailoverFacts>): Promise<PoolerReturn> {
  try {
    return await lookAtReturn(world, ctx)
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { back: false, says: error.message }
  }
}
