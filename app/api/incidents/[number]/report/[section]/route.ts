import { readSectionVersions } from '@/lib/views/report'
import { answer } from '@/lib/web/answer'
import { incidentNumber } from '@/lib/web/incident-number'

export const dynamic = 'force-dynamic'

/** What a section of a report said before, newest first. */
export const GET = (_request: Request, { params }: { params: Promise<{ number: string; section: string }> }) =>
  answer(async (context) => {
    const { number, section } = await params
    return readSectionVersions(context, incidentNumber(number), section)
  })
