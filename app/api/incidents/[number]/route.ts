import { readIncidentFor } from '@/lib/views/incident'
import { answer } from '@/lib/web/answer'
import { incidentNumber } from '@/lib/web/incident-number'

export const dynamic = 'force-dynamic'

/** One incident, and what the person who asks may do with it. */
export const GET = (_request: Request, { params }: { params: Promise<{ number: string }> }) =>
  answer(async (context) => readIncidentFor(context, incidentNumber((await params).number)))
