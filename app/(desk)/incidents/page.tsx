import { HydrationBoundary } from '@tanstack/react-query'
import { IncidentList } from '@/components/incident/incident-list'
import { firstPage, incidentPagesKey } from '@/lib/queries/keys'
import { readIncidents } from '@/lib/views/incident-list'
import { handOver } from '@/lib/web/hand-over'
import { pageContext } from '@/lib/web/view-context'
import { declareAction, dismissAlertAction, dismissAlertsAction } from './actions'

export const metadata = { title: 'Incidents' }

export default async function IncidentsPage() {
  const context = await pageContext('/incidents')
  return (
    <HydrationBoundary state={await handOver([incidentPagesKey({}), readIncidents(context).then(firstPage)])}>
      <IncidentList declare={declareAction} dismiss={dismissAlertAction} dismissAll={dismissAlertsAction} />
    </HydrationBoundary>
  )
}
