import { decode } from 'next-auth/jwt'

const secure = (siteUrl: string): boolean => siteUrl.startsWith('https:')

/** The cookie that next-auth keeps its encrypted token in. */
export const sessionCookie = (siteUrl: string): string =>
  secure(siteUrl) ? '__Secure-next-auth.session-token' : 'next-auth.session-token'

/** The cookie of a screen that was opened by a wall link; it holds the link's token. */
export const wallCookie = (siteUrl: string): string => (secure(siteUrl) ? '__Host-warroom-wall' : 'warroom-wall')

/** Sets it for as long as the link opens the wall. Scripts cannot read it, and other sites' pages do not send it. */
export const setWallCookie = (siteUrl: string, token: string, untilMs: number): string =>
  [
    `${wallCookie(siteUrl)}=${token}`,
    'Path=/',
    `Expires=${new Date(untilMs).toUTCString()}`,
    'HttpOnly',
    'SameSite=Strict',
    ...(secure(siteUrl) ? ['Secure'] : []),
  ].join('; ')

/** The value of one cookie in a Cookie header. */
export function cookieValue(header: string | null, name: string): string | null {
  const found = header?.split('; ').find((cookie) => cookie.startsWith(`${name}=`))
  return found ? found.slice(name.length + 1) : null
}

/** The session's token inside the cookie's encrypted one; null when the cookie is none of ours or too old. */
export async function sessionToken(cookie: string | null | undefined, secret: string): Promise<string | null> {
  if (!cookie) return null
  try {
    const token = await decode({ token: cookie, secret })
    return typeof token?.session === 'string' ? token.session : null
  } catch {
    return null // damaged, or made with another secret
  }
}
