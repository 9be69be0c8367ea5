import type { PoolerAddress } from '../domain/procedure/call'
import type { Run } from '../domain/run/run'
import { PortError } from '../ports/port-error'
import type { StepContext, World } from '../procedures/contract'
import { readFacts } from '../procedures/facts'
import { type FailoverFacts, failoverFacts } from '../procedures/primary-failover/facts'
import {
  isPoolerDuty,
  lookAtReturn,
  type PoolerReturn,
  poolerDuty,
  poolerDutyOf,
  poolerSeen,
  servedAgain,
} from '../procedures/steps/pooler'
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
 * One look at each pooler that an ended run went on without. An obligation is met when its pooler routes to the new writer; until
 * then it says what was seen last. Nothing is sent.
 */
export async function watchPooler({
  store,
  environment,
  worldFor,
  contextOf,
  keep,
}: PoolerWatchSettings): Promise<void> {
  for (const id of await runsOwing(store, environment, `${poolerDuty}-`)) {
    const run = await readRun(store, id)
    const world = worldFor(run)
    for (const pooler of world.environment.poolers) {
      if (!isOwed(run, pooler)) continue
      const { back, says } = await seen(world, contextOf(run), pooler)
      // People may have closed it while the pooler was asked.
      const fresh = await readRun(store, id)
      const { facts } = readFacts(failoverFacts, fresh.facts)
      const owed = facts.obligations ?? []
      if (!isOwed(fresh, pooler) || owed.some((o) => o.id === poolerDutyOf(pooler) && o.why === says)) continue
      const obligations = poolerSeen(owed, pooler, back, says)
      // Pods that wait for one of them wait while any is owed.
      const served = !obligations.some((o) => isPoolerDuty(o.id) && o.state === 'open')
      await keep(fresh, { obligations, ...(served && servedAgain(facts, world.now())) }, says)
    }
  }
}

const isOwed = (run: Run, pooler: PoolerAddress) =>
  readFacts(failoverFacts, run.facts).facts.obligations?.some(
    (o) => o.id === poolerDutyOf(pooler) && o.state === 'open',
  ) === true

async function seen(
  world: World,
  ctx: StepContext<unknown, FailoverFacts>,
  pooler: PoolerAddress,
): Promise<PoolerReturn> {
  try {
    return await lookAtReturn(world, ctx, pooler)
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { back: false, says: error.message }
  }
}
