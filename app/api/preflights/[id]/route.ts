import { notFound } from '@/lib/domain/errors'
import { answer } from '@/lib/web/answer'
import { readPreflightView } from '@/lib/web/readers/procedure'

export const dynamic = 'force-dynamic'

/** A look at prerequisites: asked, running, or answered. */
export const GET = (_request: Request, { params }: { params: Promise<{ id: string }> }) =>
  answer(async () => {
    const preflight = await readPreflightView((await params).id)
    if (!preflight) throw notFound('This look at the prerequisites')
    return preflight
  })
