import { notFound } from 'next/navigation'
import { ProcedurePage } from '@/components/procedure/procedure-page'
import { StartForm } from '@/components/procedure/start-form'
import { may, roleNeededFor } from '@/lib/domain/people/permissions'
import { webEnv } from '@/lib/web/env'
import { readProcedure } from '@/lib/web/readers/run'
import { pageSession } from '@/lib/web/session'
import { checkAction, startAction } from './actions'

export const metadata = { title: 'Procedure' }

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ slug: string }>
  searchParams: Promise<{ incident?: string }>
}) {
  const { slug } = await params
  const { person } = await pageSession()
  const procedure = await readProcedure(slug)
  if (!procedure) notFound()
  const { name, kind } = webEnv().environment
  const mayRun = may(person.role, 'run')
  return (
    <ProcedurePage procedure={procedure}>
      <StartForm
        procedure={procedure}
        environment={{ name, kind }}
        incidentId={(await searchParams).incident ?? null}
        mayStart={{
          allowed: mayRun,
          why: mayRun ? null : `Starting needs the role ${roleNeededFor('run')}; you are ${person.role}.`,
        }}
        actions={{ check: checkAction, start: startAction }}
      />
    </ProcedurePage>
  )
}
