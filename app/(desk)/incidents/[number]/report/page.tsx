import { HydrationBoundary } from '@tanstack/react-query'
import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { ReportScreen } from '@/components/report/report-screen'
import { castmatch } from '@/lib/config/castmatch'
import { reportKey, reportLagKey } from '@/lib/queries/keys'
import { readReport, readReportLag } from '@/lib/views/report'
import { handOver, orNotFound } from '@/lib/web/hand-over'
import { pageContext } from '@/lib/web/view-context'
import { followUpAction, moveReportAction, saveAction } from './actions'

type Params = { params: Promise<{ number: string }> }

export async function generateMetadata({ params }: Params): Promise<Metadata> {
  return { title: `Report of INC-${(await params).number}` }
}

export default async function ReportPage({ params }: Params) {
  const number = Number((await params).number)
  if (!Number.isSafeInteger(number) || number < 1) notFound()
  const context = await pageContext(`/incidents/${number}/report`)
  const facts = await orNotFound(
    handOver([reportKey(number), readReport(context, number)], [reportLagKey(number), readReportLag(context, number)]),
  )
  return (
    <HydrationBoundary state={facts}>
      <ReportScreen
        number={number}
        monthlyAvailability={castmatch.objectives.monthlyAvailability}
        actions={{ save: saveAction, action: followUpAction, move: moveReportAction }}
      />
    </HydrationBoundary>
  )
}
