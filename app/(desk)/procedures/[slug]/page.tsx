import { HydrationBoundary } from '@tanstack/react-query'
import { notFound } from 'next/navigation'
import { ProcedurePage } from '@/components/procedure/procedure-page'
import { StartForm } from '@/components/procedure/start-form'
import { readPoint } from '@/lib/domain/restore/point'
import { unless } from '@/lib/domain/right'
import type { ProcedureView } from '@/lib/domain/run/view'
import { cutText } from '@/lib/domain/text'
import { restorePointKey } from '@/lib/queries/keys'
import { readProcedure } from '@/lib/views/procedure'
import { readRestorePoint } from '@/lib/views/restore-point'
import { rightTo } from '@/lib/views/rights'
import { readStart } from '@/lib/views/start'
import { handOver } from '@/lib/web/hand-over'
import { pageContext } from '@/lib/web/view-context'
import { startAction } from './actions'

/** What leads here may fill in fields of the form; what a field cannot take is left out. */
function prefilled(procedure: ProcedureView | null, given: Record<string, string | string[] | undefined>) {
  const fields = procedure?.fields.map((field) => {
    const value = given[field.name]
    const taken =
      typeof value === 'string' &&
      value.length <= 500 &&
      (field.type === 'choice'
        ? field.choices?.some((choice) => choice.value === value && !choice.refused)
        : field.type !== 'restore-point' || readPoint(value) !== null)
    if (!taken) return field
    return { ...field, default: field.type === 'number' && Number.isFinite(Number(value)) ? Number(value) : value }
  })
  return procedure && { ...procedure, fields: fields ?? [] }
}

export const metadata = { title: 'Procedure' }

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ slug: string }>
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const { slug } = await params
  const given = await searchParams
  const incident = typeof given.incident === 'string' ? given.incident : ''
  const context = await pageContext(`/procedures/${slug}${incident ? `?incident=${encodeURIComponent(incident)}` : ''}`)
  const procedure = prefilled(await readProcedure(context, slug), given)
  if (!procedure) notFound()
  const { name, kind } = context.environment
  const incidentNumber = /^[1-9]\d{0,8}$/.test(incident) ? Number(incident) : null
  const opens = await readStart(context, incidentNumber)
  const asksPoint = procedure.fields.some(({ type }) => type === 'restore-point')
  const facts = await handOver(
    ...(asksPoint ? [[restorePointKey(incidentNumber), readRestorePoint(context, incidentNumber)] as const] : []),
  )
  return (
    <ProcedurePage procedure={procedure}>
      <HydrationBoundary state={facts}>
        <StartForm
          procedure={procedure}
          environment={{ name, kind }}
          incidentNumber={incidentNumber}
          opens={typeof given.reason === 'string' ? { ...opens, reason: cutText(given.reason, 500) } : opens}
          mayStart={unless(rightTo(context, 'run'), procedure.unfit)}
          actions={{ start: startAction }}
        />
      </HydrationBoundary>
    </ProcedurePage>
  )
}
