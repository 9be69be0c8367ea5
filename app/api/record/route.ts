import { z } from 'zod'
import { ExpectedError } from '@/lib/domain/errors'
import { auditPartNames, readAuditSearch } from '@/lib/domain/record/audit'
import { readAuditTrail } from '@/lib/views/audit'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

const query = z.object({
  part: z.enum(auditPartNames).optional(),
  search: z.string().max(200).default(''),
  before: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
})

/** The audit trail, newest first; `?before=` goes back. */
export const GET = (request: Request) =>
  answer(async (context) => {
    const parsed = query.safeParse(Object.fromEntries(new URL(request.url).searchParams))
    if (!parsed.success) throw new ExpectedError('invalid', 'Invalid request for the audit trail.')
    const { part, search, before } = parsed.data
    return readAuditTrail(context, { part: part ?? null, ...readAuditSearch(search), before: before ?? null })
  })
