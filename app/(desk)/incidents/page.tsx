import { IncidentList } from '@/components/incident/incident-list'
import { pageSession } from '@/lib/web/session'
import { declareAction, dismissAlertAction } from './actions'

export const metadata = { title: 'Incidents' }

export default async function IncidentsPage() {
  await pageSession('/incidents')
  return <IncidentList declare={declareAction} dismiss={dismissAlertAction} />
}
