import 'server-only'
import { cookies, headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { conflict, ExpectedError, notSignedIn } from '../domain/errors'
import { ownPath } from '../domain/own-path'
import { sessionCookie, sessionToken } from './cookies'
import { webEnv } from './env'
import { pathHeader } from './security-headers'
import { type CurrentSession, sessionReader } from './session-reader'
import { webStore } from './store'

export type { CurrentSession } from './session-reader'

const kept = globalThis as { warroomSessions?: ReturnType<typeof sessionReader> }
function reader() {
  kept.warroomSessions ??= sessionReader(webStore(), Date.now)
  return kept.warroomSessions
}

async function tokenOfRequest(): Promise<string | null> {
  const env = webEnv()
  return await sessionToken((await cookies()).get(sessionCookie(env.NEXTAUTH_URL))?.value, env.NEXTAUTH_SECRET)
}

/** Who looks, or null. Goes on while the store is away (`confirmed` is false then). Does not count as activity. */
export async function currentSession(): Promise<CurrentSession | null> {
  const token = await tokenOfRequest()
  return token ? reader().look(token) : null
}

/** For pages: who looks; sends everybody else to the sign-in page, and back here afterwards. Counts as activity. */
export async function pageSession(page?: string): Promise<CurrentSession> {
  const token = await tokenOfRequest()
  const session = token && (await reader().look(token, true))
  if (session) return session
  const path = ownPath(page ?? (await headers()).get(pathHeader))
  const next = path && path !== '/' ? `?next=${encodeURIComponent(path)}` : ''
  redirect((await mustChoosePassword()) ? `/choose-password${next}` : `/sign-in${next}`)
}

/**
 * Signed in with a one-time password, and nothing chosen yet. Throws ExpectedError 'conflict' for whoever need not choose,
 * 'not-signed-in', 'store-unavailable'.
 */
export async function requireLimitedSession(): Promise<CurrentSession & { token: string }> {
  const token = await tokenOfRequest()
  const session = token && (await reader().limited(token))
  if (session) return { ...session, token }
  await requireSession()
  throw conflict('You do not need to choose a password. Change yours in the settings.')
}

/** Must whoever looks choose a password before anything else? False while the store is away. */
export async function mustChoosePassword(): Promise<boolean> {
  const token = await tokenOfRequest()
  try {
    return token !== null && (await reader().limited(token)) !== null
  } catch (error) {
    if (error instanceof ExpectedError && error.code === 'store-unavailable') return false
    throw error
  }
}

/**
 * For acting: the session as the store has it at this moment, with its token. Throws ExpectedError 'not-signed-in',
 * 'store-unavailable'.
 */
export async function requireSession(): Promise<CurrentSession & { token: string }> {
  const token = await tokenOfRequest()
  const session = token && (await reader().confirm(token, true))
  if (!session) throw notSignedIn()
  return { ...session, token }
}
