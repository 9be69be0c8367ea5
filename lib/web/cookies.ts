import { decode } from 'next-auth/jwt'

/** The cookie that next-auth keeps its encrypted token in. */
export const sessionCookie = (siteUrl: string): string =>
  siteUrl.startsWith('https:') ? '__Secure-next-auth.session-token' : 'next-auth.session-token'

/** The session's token inside the cookie's encrypted one; null when the cookie is none of ours or too old. */
export async function sessionToken(cookie: string | undefined, secret: string): Promise<string | null> {
  if (!cookie) return null
  try {
    const token = await decode({ token: cookie, secret })
    return typeof token?.session === 'string' ? token.session : null
  } catch {
    return null // damaged, or made with another secret
  }
}
