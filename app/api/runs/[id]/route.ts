import { answer } from '@/lib/web/answer'
import { readRunFor } from '@/lib/web/readers/run'

export const dynamic = 'force-dynamic'

/** One run, and what the person who asks may do with it. */
export const GET = (_request: Request, { params }: { params: Promise<{ id: string }> }) =>
  answer(async ({ person }) => readRunFor(person, (await params).id))
