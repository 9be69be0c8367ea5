import { answer } from '@/lib/web/answer'
import { readRuns } from '@/lib/web/readers/run'

export const dynamic = 'force-dynamic'

/** The newest runs. */
export const GET = () => answer(async () => ({ runs: await readRuns() }))
