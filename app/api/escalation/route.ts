import { answer } from '@/lib/web/answer'
import { readEscalation } from '@/lib/web/readers/escalation'

export const dynamic = 'force-dynamic'

/** The escalation matrix, for the newest open incident when there is one. */
export const GET = () => answer(({ person }) => readEscalation(person))
