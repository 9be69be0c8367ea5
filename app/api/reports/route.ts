import { readTrends } from '@/lib/views/report'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

/** How detection and recovery went over time; drills never count. */
export const GET = () => answer(readTrends)
