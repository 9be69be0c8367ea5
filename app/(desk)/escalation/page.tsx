import { HydrationBoundary } from '@tanstack/react-query'
import { EscalationScreen } from '@/components/escalation/escalation-screen'
import { escalationKey } from '@/lib/queries/keys'
import { readEscalation } from '@/lib/views/escalation'
import { handOver } from '@/lib/web/hand-over'
import { pageContext } from '@/lib/web/view-context'
import { acknowledgeAction, pageAction, showAccountAction } from './actions'

export const metadata = { title: 'Escalation' }

export default async function EscalationPage() {
  const context = await pageContext('/escalation')
  return (
    <HydrationBoundary state={await handOver([escalationKey, readEscalation(context)])}>
      <EscalationScreen
        actions={{ page: pageAction, showAccount: showAccountAction, acknowledge: acknowledgeAction }}
      />
    </HydrationBoundary>
  )
}
