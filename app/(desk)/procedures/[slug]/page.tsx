import { notFound } from 'next/navigation'
import { ProcedurePage } from '@/components/procedure/procedure-page'
import { StartForm } from '@/components/procedure/start-form'
import { may, roleNeededFor } from '@/lib/domain/people/permissions'
import { webEnv } from '@/lib/web/env'
import { readProcedure } from '@/lib/web/readers/procedure'
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
  const mayRun = may(person.role, 'run')
  return (
    <ProcedurePage procedure={procedure}>
      <StartForm
        procedure={procedure}
        environment={{ name, kind }}
        incidentId={/^\d{1,9}$/.test(incident) ? incident : null}
        mayStart={{
          allowed: mayRun && procedure.unfit === null,
          why: mayRun ? procedure.unfit : `Starting needs the role ${roleNeededFor('run')}; you are ${person.role}.`,
        }}
        actions={{ start: startAction }}
      />
    </ProcedurePage>
  )
}
