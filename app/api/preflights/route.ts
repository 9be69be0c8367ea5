import { checkAction } from '@/app/(desk)/procedures/[slug]/actions'

export const dynamic = 'force-dynamic'

/**
 * Asks for a look at the prerequisites, with everything that an action checks. By a request of its own: a page sends its
 * actions one after the other, and a start must not wait behind a look.
 */
export async function POST(request: Request): Promise<Response> {
  const input: unknown = await request.json().catch(() => null)
  return Response.json(await checkAction(input), { headers: { 'cache-control': 'no-store' } })
}
