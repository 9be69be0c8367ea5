import { type NextRequest, NextResponse } from 'next/server'

/**
 * Sends a browser without a session cookie to the sign-in page before it loads anything. A convenience alone: whether a
 * session stands is decided where something is read or done (lib/web/session.ts), never here.
 */
export function proxy(request: NextRequest) {
  const names = ['next-auth.session-token', '__Secure-next-auth.session-token']
  if (names.some((name) => request.cookies.has(name))) return NextResponse.next()
  const { pathname, search } = request.nextUrl
  const next = pathname === '/' ? '' : `?next=${encodeURIComponent(pathname + search)}`
  // Our own configured address, so that no forwarded host decides where the browser goes.
  return NextResponse.redirect(new URL(`/sign-in${next}`, process.env.NEXTAUTH_URL ?? request.nextUrl.origin))
}

export const config = {
  // Pages only: not the APIs (they answer 401), the sign-in page, the wall with its own link, or files.
  matcher: ['/((?!api/|sign-in|wall|_next/|.*\\.[a-z0-9]+$).*)'],
}
