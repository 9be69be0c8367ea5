import { notFound } from '@/lib/domain/errors'
import { readPreflightView } from '@/lib/views/procedure'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

/** A look at prerequisites: asked, running, or answered. */
export const GET = (_request: Request, { params }: { params: Promise<{ id: string }> }) =>
  answer(async (context) => {
    const preflight = await readPreflightView(context, (await params).id)
    if (!preflight) throw notFound('This preflight')
    return preflight
  })
