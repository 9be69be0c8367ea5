import { incidentNumber } from '@/lib/web/incident-number'
import { exportReport, printReport } from '@/lib/web/readers/report'
import { refusal } from '@/lib/web/run-action'
import { currentSession } from '@/lib/web/session'

export const dynamic = 'force-dynamic'

/** A report as a file: Markdown, JSON, or PDF where there is a browser that prints; the record's whole chain is checked for it. */
export async function GET(request: Request, { params }: { params: Promise<{ number: string }> }) {
  const headers = { 'cache-control': 'no-store' }
  try {
    const session = await currentSession()
    if (!session)
      return Response.json({ error: 'You are signed out. Sign in and try again.' }, { status: 401, headers })
    const number = incidentNumber((await params).number)
    const asked = new URL(request.url).searchParams.get('format')
    const file =
      asked === 'pdf'
        ? await printReport(session.person, number, request.headers.get('cookie') ?? '')
        : await exportReport(session.person, number, asked === 'json' ? 'json' : 'md')
    return new Response(file.body, {
      headers: {
        ...headers,
        'content-type': file.type,
        'content-disposition': `attachment; filename="${file.name}"`,
        'x-content-type-options': 'nosniff',
      },
    })
  } catch (error) {
    const { code, message } = refusal(error)
    return Response.json({ error: message }, { status: code === 'not-found' ? 404 : 503, headers })
  }
}
