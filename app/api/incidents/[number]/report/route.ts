import { readReport } from '@/lib/views/report'
import { answer } from '@/lib/web/answer'
import { incidentNumber } from '@/lib/web/incident-number'

export const dynamic = 'force-dynamic'

/** A report: figures computed now, words as saved. */
export const GET = (_request: Request, { params }: { params: Promise<{ number: string }> }) =>
  answer(async (context) => readReport(context, incidentNumber((await params).number)))
