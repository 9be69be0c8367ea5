import { createHash } from 'node:crypto'
import { ExpectedError } from '../domain/errors'
import type { Store } from '../store/client'
import { wallLinkOpensUntil } from '../store/wall'
import { rememberedForMs } from './session-reader'

const longestToken = 100
const mostRemembered = 500

/**
 * Until when a link opens the wall, ms; null when it does not. Asked of the store each time, so that a revoked link ends at
 * the next look; while the store is away those open it that this process saw open it lately, as sessions do
 * (docs/decisions/0005).
 */
export function wallAccess(store: Pick<Store, 'prisma'>, environment: string, now: () => number) {
  const seen = new Map<string, { at: number; until: number }>()
  const key = (token: string) => createHash('sha256').update(token).digest('base64')
  return async (token: string | null): Promise<number | null> => {
    if (!token || token.length > longestToken) return null
    const at = now()
    try {
      const until = await wallLinkOpensUntil(store.prisma, environment, token, at)
      seen.delete(key(token))
      if (until !== null) seen.set(key(token), { at, until })
      for (const oldest of seen.keys()) {
        if (seen.size <= mostRemembered) break
        seen.delete(oldest)
      }
      return until
    } catch (error) {
      if (!(error instanceof ExpectedError) || error.code !== 'store-unavailable') throw error
      const before = seen.get(key(token))
      return before !== undefined && at < before.until && at - before.at <= rememberedForMs ? before.until : null
    }
  }
}
