import { ReportList } from '@/components/report/report-list'
import { castmatch } from '@/lib/config/castmatch'
import { pageSession } from '@/lib/web/session'

export const metadata = { title: 'Reports' }

export default async function ReportsPage() {
  await pageSession('/reports')
  return <ReportList rto={castmatch.objectives.rto} />
}
