import type { WallLinksView } from '../domain/incident/view'
import { listWallLinks } from '../store/wall'
import type { ViewContext } from './context'
import { rightTo } from './rights'

/** The links that stand, and whether one may make and end them. Throws ExpectedError. */
export async function readWallLinks(context: ViewContext): Promise<WallLinksView> {
  const { store, environment, now } = context
  return { links: await listWallLinks(store.prisma, environment.name, now()), right: rightTo(context, 'declare') }
}
