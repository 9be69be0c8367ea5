import { mayLookAtWall, readWallLag } from '@/lib/web/readers/wall'

export const dynamic = 'force-dynamic'

/** Lag of the last minutes for the wall's charts. Opened as the wall is. */
export async function GET(request: Request) {
  const headers = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }
  try {
    if (!(await mayLookAtWall(new URL(request.url).searchParams.get('link'))))
      return Response.json({ error: 'This link to the wall does not stand any more.' }, { status: 401, headers })
    return Response.json(await readWallLag(), { headers })
  } catch {
    return Response.json({ error: 'No runner answers, so the history cannot be read now.' }, { status: 503, headers })
  }
}
