import { IncidentList } from '@/components/incident/incident-list'
import { pageSession } from '@/lib/web/session'
import { declareAction, dismissAlertAction, dismissAlertsAction } from './actions'

export const metadata = { title: 'Incidents' }

export default async function IncidentsPage() {
  await pageSession('/incidents')
  return <IncidentList declare={declareAction} dismiss={dismissAlertAction} dismissAll={dismissAlertsAction} />
}
