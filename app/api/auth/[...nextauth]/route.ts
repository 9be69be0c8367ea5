import type { NextRequest } from 'next/server'
import NextAuth from 'next-auth'
import { addressOf } from '@/lib/web/address'
import { authOptions } from '@/lib/web/auth-options'
import { sessionCookie, sessionToken } from '@/lib/web/cookies'
import { webEnv } from '@/lib/web/env'
import { comesFromUs } from '@/lib/web/origin'
import { webProver, webStore } from '@/lib/web/store'

export const dynamic = 'force-dynamic'

async function handle(request: NextRequest, context: { params: Promise<{ nextauth: string[] }> }) {
  const env = webEnv()
  if (
    request.method !== 'GET' &&
    !comesFromUs({ origin: request.headers.get('origin'), host: request.headers.get('host') }, env.NEXTAUTH_URL)
  )
    return Response.json({ error: 'This request did not come from a page of this War Room.' }, { status: 403 })
  return await NextAuth(
    request,
    context,
    authOptions(env, {
      store: webStore(),
      address: addressOf(request.headers),
      prove: webProver(),
      userAgent: request.headers.get('user-agent'),
      now: Date.now,
      session: await sessionToken(request.cookies.get(sessionCookie(env.NEXTAUTH_URL))?.value, env.NEXTAUTH_SECRET),
    }),
  )
}

export { handle as GET, handle as POST }
