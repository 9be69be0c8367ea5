import { mayLookAtWall, readWallAnswer } from '@/lib/web/readers/wall'
import { refusal } from '@/lib/web/run-action'

export const dynamic = 'force-dynamic'

/** What the wall shows and nothing else. Opened by a session or by a link that was not revoked. */
export async function GET(request: Request) {
  const headers = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }
  try {
    if (!(await mayLookAtWall(new URL(request.url).searchParams.get('link'))))
      return Response.json({ error: 'This link to the wall does not stand any more.' }, { status: 401, headers })
    return Response.json(await readWallAnswer(), { headers })
  } catch (error) {
    return Response.json({ error: refusal(error).message }, { status: 503, headers })
  }
}
