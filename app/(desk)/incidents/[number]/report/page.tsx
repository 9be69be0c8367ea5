import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { ReportScreen } from '@/components/report/report-screen'
import { castmatch } from '@/lib/config/castmatch'
import { pageSession } from '@/lib/web/session'
import { followUpAction, moveReportAction, saveAction } from './actions'

type Params = { params: Promise<{ number: string }> }

export async function generateMetadata({ params }: Params): Promise<Metadata> {
  return { title: `Report of INC-${(await params).number}` }
}

export default async function ReportPage({ params }: Params) {
  const number = Number((await params).number)
  if (!Number.isSafeInteger(number) || number < 1) notFound()
  await pageSession(`/incidents/${number}/report`)
  return (
    <ReportScreen
      number={number}
      monthlyAvailability={castmatch.objectives.monthlyAvailability}
      actions={{ save: saveAction, action: followUpAction, move: moveReportAction }}
    />
  )
}
