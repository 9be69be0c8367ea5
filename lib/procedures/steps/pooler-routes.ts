import { PortError } from '../../ports/port-error'
import type { World } from '../contract'
import { needed } from '../facts'
import type { CopyFacts } from './copy-facts'
import { poolerName, portOf } from './pooler'

/** What the second person must know of poolers before the cutover: whoever enters the copy there in time keeps the pods behind them. */
export async function poolerRoutes(world: World, { endpoint, writerBefore }: CopyFacts) {
  const copy = needed(endpoint, 'the address of the copy')
  const lead = await Promise.all(
    world.environment.poolers.map(async (pooler) => {
      try {
        const to = await portOf(world, pooler).target(pooler.database)
        return { pooler, astray: to !== null && to.host === writerBefore?.host }
      } catch (error) {
        if (!(error instanceof PortError)) throw error
        return { pooler, astray: false }
      }
    }),
  )
  const astray = lead.filter((one) => one.astray)
  return astray.map(({ pooler }) => ({
    label: poolerName(pooler),
    value: `Its configuration points to the source. Enter ${copy.host}:${copy.port} there and reload it before you approve. Otherwise it stays paused, and pods connect past it.`,
  }))
}
