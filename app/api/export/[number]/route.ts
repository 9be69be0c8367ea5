import { answer } from '@/lib/web/answer'
import { incidentNumber } from '@/lib/web/incident-number'
import { reportFile } from '@/lib/web/report-files'

export const dynamic = 'force-dynamic'

/** A report as a file: Markdown, JSON, or PDF where there is a browser that prints; the record's whole chain is checked for it. */
export const GET = (request: Request, { params }: { params: Promise<{ number: string }> }) =>
  answer(async (context) => {
    const number = incidentNumber((await params).number)
    const wanted = new URL(request.url).searchParams
    const asked = wanted.get('format')
    const format = asked === 'pdf' || asked === 'json' ? asked : 'md'
    const file = await reportFile(
      context,
      number,
      format,
      request.headers.get('cookie') ?? '',
      wanted.get('paper') === 'letter' ? 'letter' : 'a4',
    )
    return new Response(file.body, {
      headers: {
        'cache-control': 'no-store',
        'content-type': file.type,
        'content-length': String(file.bytes),
        'content-disposition': `attachment; filename="${file.name}"`,
        'x-content-type-options': 'nosniff',
      },
    })
  })
