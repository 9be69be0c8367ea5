import type { Run } from '../domain/run/run'
import { PortError } from '../ports/port-error'
import type { StepContext, World } from '../procedures/contract'
import { readFacts } from '../procedures/facts'
import { type FailoverFacts, failoverFacts } from '../procedures/primary-failover/facts'
import { lookAtReturn, type PoolerReturn, poolerDuty, poolerSeen, servedAgain } from '../procedures/steps/pooler'
import type { Store } from '../store/client'
import { readRun } from '../store/run'
import { runsOwing } from '../store/standing-duty'

export interface PoolerWatchSettings {
  store: Store
  environment: string
  worldFor: (run: Run) => World
  contextOf: (run: Run) => StepContext<unknown, FailoverFacts>
  /** Keeps what was found with an ended run, and says it in the record. */
  keep: (run: Run, facts: FailoverFacts, text: string) => Promise<void>
}

/**
 * One look at the pooler for each ended run that went on without it. The obligation is met when the pooler routes to the new
 * writer; until then it says what was seen last. Nothing is sent.
 */
export async function watchPooler({
  store,
  environment,
  worldFor,
  contextOf,
  keep,
}: PoolerWatchSettings): Promise<void> {
  for (const id of await runsOwing(store, environment, poolerDuty)) {
    const run = await readRun(store, id)
    const world = worldFor(run)
    if (!world.environment.pooler || !world.pooler) return
    const { back, says } = await seen(world, contextOf(run))
    // People may have closed it while the pooler was asked.
    const fresh = await readRun(store, id)
    const { facts } = readFacts(failoverFacts, fresh.facts)
    const obligations = facts.obligations ?? []
    const duty = obligations.find((o) => o.id === poolerDuty)
    if (duty?.state !== 'open' || duty.why === says) continue
    const found = { obligations: poolerSeen(obligations, back, says) }
    await keep(fresh, back ? { ...found, ...servedAgain(facts, world.now()) } : found, says)
  }
}

async function seen(world: World, ctx: StepContext<unknown, FailoverFacts>): Promise<PoolerReturn> {
  try {
    return await lookAtReturn(world, ctx)
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { back: false, says: error.message }
  }
}
