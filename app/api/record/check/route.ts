import { answer } from '@/lib/web/answer'
import { checkRecord } from '@/lib/web/readers/audit'

export const dynamic = 'force-dynamic'

/** Walks the whole chain of the record. */
export const GET = () => answer(({ person }) => checkRecord(person))
