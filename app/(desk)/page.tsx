import type { Metadata } from 'next'
import { Situation } from '@/components/cluster/situation'
import { AlertsWaiting } from '@/components/incident/alerts-waiting'
import { DeclareButton } from '@/components/incident/declare'
import { castmatch } from '@/lib/config/castmatch'
import { readCatalogue } from '@/lib/views/procedure'
import { declareAction, dismissAlertAction, dismissDamageAction } from './incidents/actions'

export const metadata: Metadata = { title: 'Situation' }

export default function SituationPage() {
  return (
    <Situation
      rpo={castmatch.objectives.rpo}
      procedures={readCatalogue()}
      actions={<DeclareButton declare={declareAction} />}
      dismissDamage={dismissDamageAction}
      notices={<AlertsWaiting declare={declareAction} dismiss={dismissAlertAction} />}
    />
  )
}
