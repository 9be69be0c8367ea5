import { readRuns } from '@/lib/views/run'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

/** The newest runs; with `active` those alone that are not over. */
export const GET = (request: Request) =>
  answer(async (context) => ({
    runs: await readRuns(context, new URL(request.url).searchParams.has('active') ? { active: true } : {}),
  }))
