import { incidentLabel } from '@/lib/domain/incident/labels'
import { readCalendar } from '@/lib/views/report'
import { answer } from '@/lib/web/answer'
import { incidentNumber } from '@/lib/web/incident-number'

export const dynamic = 'force-dynamic'

/** The review meeting as a calendar file. */
export const GET = (_request: Request, { params }: { params: Promise<{ number: string }> }) =>
  answer(async (context) => {
    const number = incidentNumber((await params).number)
    return new Response(await readCalendar(context, number), {
      headers: {
        'cache-control': 'no-store',
        'content-type': 'text/calendar; charset=utf-8',
        'content-disposition': `attachment; filename="${incidentLabel(number)}-review.ics"`,
      },
    })
  })
