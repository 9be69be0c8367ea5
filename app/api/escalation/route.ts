import { readEscalation } from '@/lib/views/escalation'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

/** The escalation matrix, for the newest open incident when there is one. */
export const GET = () => answer(readEscalation)
