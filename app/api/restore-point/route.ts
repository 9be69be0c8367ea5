import { readRestorePoint } from '@/lib/views/restore-point'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

/** The restore window and what happened inside it. */
export const GET = () => answer(readRestorePoint)
