import type { Metadata } from 'next'
import { Situation } from '@/components/cluster/situation'
import { AlertsWaiting } from '@/components/incident/alerts-waiting'
import { SituationAction } from '@/components/incident/situation-action'
import { castmatch } from '@/lib/config/castmatch'
import { readCatalogue } from '@/lib/views/procedure'
import { rightTo } from '@/lib/views/rights'
import { pageContext } from '@/lib/web/view-context'
import { declareAction, dismissAlertAction, dismissAlertsAction, dismissDamageAction } from './incidents/actions'

export const metadata: Metadata = { title: 'Situation' }

export default async function SituationPage() {
  const context = await pageContext('/')
  const right = rightTo(context, 'command')
  return (
    <Situation
      rpo={castmatch.objectives.rpo}
      procedures={await readCatalogue(context)}
      actions={<SituationAction declare={declareAction} />}
      dismissDamage={{ act: dismissDamageAction, right }}
      notices={<AlertsWaiting declare={declareAction} dismiss={dismissAlertAction} dismissAll={dismissAlertsAction} />}
    />
  )
}
