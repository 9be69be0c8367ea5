import { EscalationScreen } from '@/components/escalation/escalation-screen'
import { pageSession } from '@/lib/web/session'
import { acknowledgeAction, pageAction, showAccountAction } from './actions'

export const metadata = { title: 'Escalation' }

export default async function EscalationPage() {
  await pageSession('/escalation')
  return (
    <EscalationScreen actions={{ page: pageAction, showAccount: showAccountAction, acknowledge: acknowledgeAction }} />
  )
}
