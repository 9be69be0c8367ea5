import { z } from 'zod'
import { ExpectedError } from '@/lib/domain/errors'
import { differences } from '@/lib/domain/reconcile/policy'
import { answer } from '@/lib/web/answer'
import { comparedRowsFile } from '@/lib/web/compared-rows'

export const dynamic = 'force-dynamic'

const query = z.object({
  table: z.string().max(500),
  kind: z.enum(differences),
  format: z.enum(['csv', 'json']).default('csv'),
})

/** The rows of one kind that a run compared, as a file: for whoever may run procedures. */
export const GET = (request: Request, { params }: { params: Promise<{ id: string }> }) =>
  answer(async (context) => {
    const asked = query.safeParse(Object.fromEntries(new URL(request.url).searchParams))
    if (!asked.success) throw new ExpectedError('invalid', 'Name a table and which rows: source, target or different.')
    return await comparedRowsFile(context, (await params).id, asked.data, request.signal)
  })
