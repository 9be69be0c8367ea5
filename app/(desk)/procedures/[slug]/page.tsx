import { dehydrate, HydrationBoundary, QueryClient } from '@tanstack/react-query'
import { notFound } from 'next/navigation'
import { ProcedurePage } from '@/components/procedure/procedure-page'
import { StartForm } from '@/components/procedure/start-form'
import { unless } from '@/lib/domain/right'
import { restorePointKey } from '@/lib/queries/keys'
import { prefilled, readProcedure } from '@/lib/views/procedure'
import { readRestorePoint } from '@/lib/views/restore-point'
import { rightTo } from '@/lib/views/rights'
import { pageContext } from '@/lib/web/view-context'
import { startAction } from './actions'

export const metadata = { title: 'Procedure' }

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ slug: string }>
  searchParams: Promise<{ [name: string]: string | string[] | undefined }>
}) {
  const { slug } = await params
  const asked = await searchParams
  const given = Object.entries(asked).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))
  const query = new URLSearchParams(given).toString()
  const context = await pageContext(`/procedures/${slug}${query ? `?${query}` : ''}`)
  const found = await readProcedure(context, slug)
  if (!found) notFound()
  const procedure = prefilled(found, Object.fromEntries(given))
  const incident = typeof asked.incident === 'string' ? asked.incident : ''
  const { name, kind } = context.environment
  const cache = new QueryClient()
  if (procedure.fields.some(({ type }) => type === 'restore-point'))
    cache.setQueryData(restorePointKey, await readRestorePoint(context))
  return (
    <ProcedurePage procedure={procedure}>
      <HydrationBoundary state={dehydrate(cache)}>
        <StartForm
          procedure={procedure}
          environment={{ name, kind }}
          incidentNumber={/^[1-9]\d{0,8}$/.test(incident) ? Number(incident) : null}
          mayStart={unless(rightTo(context, 'run'), procedure.unfit)}
          actions={{ start: startAction }}
        />
      </HydrationBoundary>
    </ProcedurePage>
  )
}
