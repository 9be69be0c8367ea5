import { ExpectedError } from '../domain/errors'
import type { Account, SignInMethod } from '../domain/people/account'
import type { Role } from '../domain/people/permissions'
import { noteActivityEveryMs, notePresenceEveryMs, sessionState } from '../domain/people/session-rules'
import type { Store } from '../store/client'
import {
  findSessionByToken,
  noteActivity,
  notePresence,
  type StoredSession,
  sessionTimes,
  tokenHash,
} from '../store/people'

/** A sign-in that stands. */
export interface CurrentSession {
  id: string
  person: { id: string; name: string; login: string; role: Role }
  account: Account
  /** How this session was opened. */
  method: SignInMethod
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

  /** The hashes of tokens, by the sessions that they open. */
  const hashes = new Map<string, string>()
  /** When the presence of a session was last noted. */
  const present = new Map<string, number>()
  const forget = (key: string) => {
    hashes.delete(remembered.get(key)?.session.id ?? '')
    remembered.delete(key)
  }

  const current = ({ id, account, method }: StoredSession): CurrentSession => ({
    id,
    person: { id: account.id, name: account.name, login: account.login, role: account.role },
    account,
    method,
    confirmed: true,
  })

  async function fromStore(token: string, active = false): Promise<CurrentSession | null> {
    const key = tokenHash(token)
    const at = now()
    const found = await findSessionByToken(store.prisma, token)
    if (!found || sessionState(found.times, at) !== 'live') {
      forget(key)
      return null
    }
    if (active && at - found.times.lastSeenAt >= noteActivityEveryMs) await noteActivity(store.prisma, token)
    const session = current(found)
    forget(key) // to the end of the order: the oldest goes first
    remembered.set(key, { session, at })
    hashes.set(session.id, key)
    for (const oldest of remembered.keys()) {
      if (remembered.size <= mostRemembered) break
      forget(oldest)
    }
    return session
  }

  return {
    /** For acting: straight from the store. Throws ExpectedError 'store-unavailable'. `active`: a person did something. */
    confirm: fromStore,

    /**
     * The session of somebody who signed in with a one-time password and may do nothing but choose a new one; null for
     * any other. Throws ExpectedError 'store-unavailable'.
     */
    async limited(token: string): Promise<CurrentSession | null> {
      const found = await findSessionByToken(store.prisma, token)
      if (!found || sessionState(found.times, now()) !== 'limited') return null
      return current(found)
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
     * Which of these sessions (by `id`), whose live streams are open, still stand for looking, in one question to the store however
     * many they are; those that stand are noted as present. While the store is away those stand that this process confirmed lately.
     */
    async standing(ids: string[]): Promise<Set<string>> {
      const at = now()
      const earlierOf = (id: string) => remembered.get(hashes.get(id) ?? '')
      try {
        const times = await sessionTimes(store.prisma, ids)
        const live = new Set<string>()
        for (const id of ids) {
          const found = times.get(id)
          const earlier = earlierOf(id)
          if (found && sessionState(found, at) === 'live') {
            live.add(id)
            if (earlier) earlier.at = at
          } else forget(hashes.get(id) ?? '')
        }
        const unnoted = [...live].filter((id) => at - (present.get(id) ?? 0) >= notePresenceEveryMs)
        for (const id of present.keys()) if (!live.has(id)) present.delete(id)
        if (unnoted.length > 0) await notePresence(store.prisma, unnoted)
        for (const id of unnoted) present.set(id, at)
        return live
      } catch (error) {
        if (!(error instanceof ExpectedError) || error.code !== 'store-unavailable') throw error
        return new Set(
          ids.filter((id) => {
            const earlier = earlierOf(id)
            return earlier !== undefined && at - earlier.at <= rememberedForMs
          }),
        )
      }
    },
  }
}
