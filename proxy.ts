import { type NextRequest, NextResponse } from 'next/server'

/**
 * Tells pages under which path they were asked for, so that signing in can lead back to it. Nothing is decided here: whether
 * a session stands is decided where something is read or done (lib/web/session.ts).
 */
export function proxy(request: NextRequest) {
  const headers = new Headers(request.headers)
  headers.set('x-warroom-path', request.nextUrl.pathname + request.nextUrl.search)
  return NextResponse.next({ request: { headers } })
}

export const config = {
  // Pages only: not APIs, the sign-in page or files.
  matcher: ['/((?!api/|sign-in|_next/|.*\\.[a-z0-9]+$).*)'],
}
