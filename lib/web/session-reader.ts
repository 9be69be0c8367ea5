import { ExpectedError } from '../domain/errors'
import type { Account, SignInMethod } from '../domain/people/account'
import type { Role } from '../domain/people/permissions'
import { noteActivityEveryMs, sessionState } from '../domain/people/session-rules'
import type { Store } from '../store/client'
import { findSessionByToken, noteActivity, type StoredSession, sessionTimesByHash, tokenHash } from '../store/people'

/** A sign-in that stands. */
export interface CurrentSession {
  id: string
  person: { id: string; name: string; login: string; role: Role }
  account: Account
  /** How this session was opened. */
  method: SignInMethod
  /** SHA-256 of the token; enough to look again, useless to sign in with. */
  key: string
  /**
   * False while the store is away and this was confirmed earlier by this process: good for looking, for nothing else.
   */
  confirmed: boolean
}

/** How long a sign-in confirmed earlier is good for looking while the store is away (docs/decisions/0005). */
export const rememberedForMs = 4 * 3_600_000
const mostRemembered = 5_000

/** Reads sessions from the store for every request, and remembers them only for the time when the store is away. */
export function sessionReader(store: Pick<Store, 'prisma'>, now: () => number) {
  const remembered = new Map<string, { session: CurrentSession; at: number }>()

  const current = ({ id, account, method }: StoredSession, key: string): CurrentSession => ({
    id,
    person: { id: account.id, name: account.name, login: account.login, role: account.role },
    account,
    method,
    key,
    confirmed: true,
  })

  async function fromStore(token: string, active = false): Promise<CurrentSession | null> {
    const key = tokenHash(token)
    const at = now()
    const found = await findSessionByToken(store.prisma, token)
    if (!found || sessionState(found.times, at) !== 'live') {
      remembered.delete(key)
      return null
    }
    if (active && at - found.times.lastSeenAt >= noteActivityEveryMs) await noteActivity(store.prisma, found.id, at)
    const session = current(found, key)
    remembered.delete(key) // to the end of the order: the oldest goes first
    remembered.set(key, { session, at })
    for (const oldest of remembered.keys()) {
      if (remembered.size <= mostRemembered) break
      remembered.delete(oldest)
    }
    return session
  }

  return {
    /** For acting: straight from the store. Throws ExpectedError 'store-unavailable'. `active`: a person did something. */
    confirm: fromStore,

    /**
     * The session of somebody who signed in with a password for one sign-in and may do nothing but choose a new one; null for
     * any other. Throws ExpectedError 'store-unavailable'.
     */
    async limited(token: string): Promise<CurrentSession | null> {
      const found = await findSessionByToken(store.prisma, token)
      if (!found || sessionState(found.times, now()) !== 'limited') return null
      return current(found, tokenHash(token))
    },

    /** For looking: goes on while the store is away, with who was confirmed before. */
    async look(token: string, active = false): Promise<CurrentSession | null> {
      try {
        return await fromStore(token, active)
      } catch (error) {
        if (!(error instanceof ExpectedError) || error.code !== 'store-unavailable') throw error
        const earlier = remembered.get(tokenHash(token))
        if (!earlier || now() - earlier.at > rememberedForMs) return null
        return { ...earlier.session, confirmed: false }
      }
    },

    /**
     * Which of these sessions (by `key`) still stand for looking, in one question to the store however many they are.
     * While the store is away those stand that this process confirmed lately.
     */
    async standing(keys: string[]): Promise<Set<string>> {
      const at = now()
      try {
        const times = await sessionTimesByHash(store.prisma, keys)
        const live = new Set<string>()
        for (const key of keys) {
          const found = times.get(key)
          const earlier = remembered.get(key)
          if (found && sessionState(found, at) === 'live') {
            live.add(key)
            if (earlier) earlier.at = at
          } else remembered.delete(key)
        }
        return live
      } catch (error) {
        if (!(error instanceof ExpectedError) || error.code !== 'store-unavailable') throw error
        return new Set(
          keys.filter((key) => {
            const earlier = remembered.get(key)
            return earlier !== undefined && at - earlier.at <= rememberedForMs
          }),
        )
      }
    },
  }
}
