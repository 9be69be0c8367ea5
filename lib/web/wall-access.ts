import { createHash } from 'node:crypto'
import { ExpectedError } from '../domain/errors'
import type { Store } from '../store/client'
import { wallLinkStands } from '../store/wall'
import { rememberedForMs } from './session-reader'

const longestToken = 100
const mostRemembered = 500

/**
 * Whether a link opens the wall. Asked of the store each time, so that an ended link ends at the next look; while the store
 * is away those stand that this process saw stand lately, as sessions do (docs/decisions/0005).
 */
export function wallAccess(store: Pick<Store, 'prisma'>, environment: string, now: () => number) {
  const seen = new Map<string, number>()
  const key = (token: string) => createHash('sha256').update(token).digest('base64')
  return async (token: string | null): Promise<boolean> => {
    if (!token || token.length > longestToken) return false
    const at = now()
    try {
      const stands = await wallLinkStands(store.prisma, environment, token, at)
      seen.delete(key(token))
      if (stands) seen.set(key(token), at)
      for (const oldest of seen.keys()) {
        if (seen.size <= mostRemembered) break
        seen.delete(oldest)
      }
      return stands
    } catch (error) {
      if (!(error instanceof ExpectedError) || error.code !== 'store-unavailable') throw error
      const before = seen.get(key(token))
      return before !== undefined && at - before <= rememberedForMs
    }
  }
}
