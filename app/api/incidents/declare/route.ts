import { answer } from '@/lib/web/answer'
import { readDeclare } from '@/lib/web/readers/declare'

export const dynamic = 'force-dynamic'

/** What the dialog "Declare incident" opens with, from the diagnosis of this moment. */
export const GET = () => answer(({ person }) => readDeclare(person))
