import { HydrationBoundary } from '@tanstack/react-query'
import { ReportList } from '@/components/report/report-list'
import { castmatch } from '@/lib/config/castmatch'
import { firstPage, incidentPagesKey, trendsKey } from '@/lib/queries/keys'
import { readIncidents } from '@/lib/views/incident-list'
import { readTrends } from '@/lib/views/report'
import { handOver } from '@/lib/web/hand-over'
import { pageContext } from '@/lib/web/view-context'

export const metadata = { title: 'Reports' }

export default async function ReportsPage() {
  const context = await pageContext('/reports')
  const facts = await handOver(
    [trendsKey, readTrends(context)],
    [incidentPagesKey({}), readIncidents(context).then(firstPage)],
  )
  return (
    <HydrationBoundary state={facts}>
      <ReportList rto={castmatch.objectives.rto} />
    </HydrationBoundary>
  )
}
