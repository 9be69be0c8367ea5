import { notFound } from 'next/navigation'
import { ProcedurePage } from '@/components/procedure/procedure-page'
import { StartForm } from '@/components/procedure/start-form'
import { roleRight } from '@/lib/domain/people/permissions'
import { unless } from '@/lib/domain/right'
import { readProcedure } from '@/lib/views/procedure'
import { webEnv } from '@/lib/web/env'
import { pageSession } from '@/lib/web/session'
import { startAction } from './actions'

export const metadata = { title: 'Procedure' }

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ slug: string }>
  searchParams: Promise<{ incident?: string }>
}) {
  const { slug } = await params
  const { incident = '' } = await searchParams
  const { person } = await pageSession(
    `/procedures/${slug}${incident ? `?incident=${encodeURIComponent(incident)}` : ''}`,
  )
  const procedure = await readProcedure(slug)
  if (!procedure) notFound()
  const { name, kind } = webEnv().environment
  return (
    <ProcedurePage procedure={procedure}>
      <StartForm
        procedure={procedure}
        environment={{ name, kind }}
        incidentId={/^\d{1,9}$/.test(incident) ? incident : null}
        mayStart={unless(roleRight(person.role, 'run'), procedure.unfit)}
        actions={{ start: startAction }}
      />
    </ProcedurePage>
  )
}
