import { z } from 'zod'
import { setWallCookie } from '@/lib/web/cookies'
import { webEnv } from '@/lib/web/env'
import { comesFromUs } from '@/lib/web/origin'
import { refusal } from '@/lib/web/run-action'
import { wallOpensUntil } from '@/lib/web/wall'

export const dynamic = 'force-dynamic'

const sent = z.object({ token: z.string().regex(/^[\w-]{20,100}$/) })

/**
 * Takes the token of a wall link, which the wall's page found in the fragment of its address, and gives it back as a cookie
 * that no script can read. The token is in no address that is sent, logged or kept in a history.
 */
export async function POST(request: Request): Promise<Response> {
  const headers = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }
  const { NEXTAUTH_URL: site } = webEnv()
  if (!comesFromUs({ origin: request.headers.get('origin'), host: request.headers.get('host') }, site))
    return Response.json({ error: 'This request did not come from a page of this War Room.' }, { status: 403, headers })
  try {
    const parsed = sent.safeParse(await request.json().catch(() => null))
    const until = parsed.success ? await wallOpensUntil(parsed.data.token) : null
    if (!parsed.success || until === null)
      return Response.json({ error: 'This wall link has expired or was revoked.' }, { status: 401, headers })
    return new Response(null, {
      status: 204,
      headers: { ...headers, 'set-cookie': setWallCookie(site, parsed.data.token, until) },
    })
  } catch (error) {
    return Response.json({ error: refusal(error).message }, { status: 503, headers })
  }
}
