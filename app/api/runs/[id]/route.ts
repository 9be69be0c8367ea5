import { readRunFor } from '@/lib/views/run'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

/** One run, and what the person who asks may do with it. */
export const GET = (_request: Request, { params }: { params: Promise<{ id: string }> }) =>
  answer(async (context) => readRunFor(context, (await params).id))
