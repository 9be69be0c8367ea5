import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { DecisionPage } from '@/components/incident/decision-page'
import { readIncidentFor } from '@/lib/views/incident'
import { orNotFound } from '@/lib/web/hand-over'
import { pageContext } from '@/lib/web/view-context'
import { decideWayAction } from '../../actions'

type Params = { params: Promise<{ number: string }> }

export async function generateMetadata({ params }: Params): Promise<Metadata> {
  return { title: `Decision sheet of INC-${(await params).number}` }
}

export default async function Page({ params }: Params) {
  const number = Number((await params).number)
  if (!Number.isSafeInteger(number) || number < 1) notFound()
  const context = await pageContext(`/incidents/${number}/decision`)
  return <DecisionPage first={await orNotFound(readIncidentFor(context, number))} decide={decideWayAction} />
}
