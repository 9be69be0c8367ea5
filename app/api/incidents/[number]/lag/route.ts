import { readReportLag } from '@/lib/views/report'
import { answer } from '@/lib/web/answer'
import { incidentNumber } from '@/lib/web/incident-number'

export const dynamic = 'force-dynamic'

/** The lag around an incident. */
export const GET = (_request: Request, { params }: { params: Promise<{ number: string }> }) =>
  answer(async (context) => readReportLag(context, incidentNumber((await params).number)))
