import { readCalendar } from '@/lib/views/report'
import { incidentNumber } from '@/lib/web/incident-number'
import { refusal } from '@/lib/web/run-action'
import { currentSession } from '@/lib/web/session'

export const dynamic = 'force-dynamic'

/** The review meeting as a calendar file. */
export async function GET(_request: Request, { params }: { params: Promise<{ number: string }> }) {
  const headers = { 'cache-control': 'no-store' }
  try {
    if (!(await currentSession()))
      return Response.json({ error: 'You are signed out. Sign in and try again.' }, { status: 401, headers })
    const number = incidentNumber((await params).number)
    return new Response(await readCalendar(number), {
      headers: {
        ...headers,
        'content-type': 'text/calendar; charset=utf-8',
        'content-disposition': `attachment; filename="INC-${number}-review.ics"`,
      },
    })
  } catch (error) {
    const { code, message } = refusal(error)
    return Response.json({ error: message }, { status: code === 'not-found' ? 404 : 503, headers })
  }
}
