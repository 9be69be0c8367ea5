import { readDeclare } from '@/lib/views/declare'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

/** What the dialog "Declare incident" opens with, from the diagnosis of this moment. */
export const GET = () => answer(readDeclare)
