import { checkRecord } from '@/lib/views/audit'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

/** Walks the whole chain of the record. */
export const GET = () => answer(checkRecord)
