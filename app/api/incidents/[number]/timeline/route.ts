import { z } from 'zod'
import { ExpectedError } from '@/lib/domain/errors'
import { entryKinds } from '@/lib/domain/incident/types'
import { readTimelineOf } from '@/lib/views/incident'
import { answer } from '@/lib/web/answer'
import { incidentNumber } from '@/lib/web/incident-number'

export const dynamic = 'force-dynamic'

const cursor = z
  .string()
  .regex(/^\d{1,18}$/)
  .optional()
const query = z.object({
  scope: z.enum(['story', 'everything']).default('story'),
  kinds: z
    .string()
    .transform((text) => text.split(',').filter(Boolean))
    .pipe(z.array(z.enum(entryKinds)))
    .optional(),
  search: z.string().max(200).optional(),
  before: cursor,
  after: cursor,
  around: cursor,
  at: z.coerce.number().int().nonnegative().optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
})

/** A page of a timeline, newest first. */
export const GET = (request: Request, { params }: { params: Promise<{ number: string }> }) =>
  answer(async (context) => {
    const parsed = query.safeParse(Object.fromEntries(new URL(request.url).searchParams))
    if (!parsed.success) throw new ExpectedError('invalid', 'Invalid request for the timeline.')
    return readTimelineOf(context, { number: incidentNumber((await params).number), ...parsed.data })
  })
