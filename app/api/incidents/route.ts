import { z } from 'zod'
import { ExpectedError } from '@/lib/domain/errors'
import { incidentKinds, severities } from '@/lib/domain/incident/types'
import { readIncidents } from '@/lib/views/incident-list'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

const query = z.object({
  before: z.coerce.number().int().positive().max(2_147_483_647).optional(),
  kind: z.enum(incidentKinds).optional(),
  severity: z.enum(severities).optional(),
  search: z.string().max(200).optional(),
  openOnly: z
    .literal('yes')
    .transform(() => true)
    .optional(),
})

/** Incidents, open ones first; `?before=` goes back. */
export const GET = (request: Request) =>
  answer(async (context) => {
    const parsed = query.safeParse(Object.fromEntries(new URL(request.url).searchParams))
    if (!parsed.success) throw new ExpectedError('invalid', 'Invalid request for incidents.')
    return readIncidents(context, parsed.data)
  })
