import 'server-only'
import type { WallLinksView } from '../domain/incident/view'
import { listWallLinks } from '../store/wall'
import { webEnv } from '../web/env'
import { webStore } from '../web/store'
import { type Person, rightTo } from './rights'

/** The links that stand, and whether one may make and end them. Throws ExpectedError. */
export async function readWallLinks(me: Person): Promise<WallLinksView> {
  const { name } = webEnv().environment
  return { links: await listWallLinks(webStore().prisma, name, Date.now()), right: rightTo(me, 'declare') }
}
