import { answer } from '@/lib/web/answer'
import { incidentNumber } from '@/lib/web/incident-number'
import { readIncidents } from '@/lib/web/readers/incident'

export const dynamic = 'force-dynamic'

/** Incidents, open ones first; `?before=` goes back. */
export const GET = (request: Request) =>
  answer(async () => {
    const before = new URL(request.url).searchParams.get('before')
    return readIncidents(before === null ? undefined : incidentNumber(before))
  })
