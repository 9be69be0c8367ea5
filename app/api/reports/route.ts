import { answer } from '@/lib/web/answer'
import { readTrends } from '@/lib/web/readers/report'

export const dynamic = 'force-dynamic'

/** How detection and recovery went over time; drills never count. */
export const GET = () => answer(() => readTrends())
