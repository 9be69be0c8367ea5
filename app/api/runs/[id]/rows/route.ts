import { answer } from '@/lib/web/answer'
import { comparedRowsFile } from '@/lib/web/compared-rows'

export const dynamic = 'force-dynamic'

/** The rows of one kind that a run compared, as a file: for whoever may run procedures. */
export const GET = (request: Request, { params }: { params: Promise<{ id: string }> }) =>
  answer(async (context) =>
    comparedRowsFile(context, (await params).id, new URL(request.url).searchParams, request.signal),
  )
