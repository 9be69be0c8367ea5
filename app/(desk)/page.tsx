import type { Metadata } from 'next'
import { Situation } from '@/components/cluster/situation'
import { AlertsWaiting } from '@/components/incident/alerts-waiting'
import { DeclareButton } from '@/components/incident/declare'
import { objectives } from '@/lib/web/objectives'
import { readCatalogue } from '@/lib/web/readers/procedure'
import { declareAction, dismissAlertAction } from './incidents/actions'

export const metadata: Metadata = { title: 'Situation' }

export default function SituationPage() {
  return (
    <Situation
      rpo={objectives().rpo}
      procedures={readCatalogue()}
      actions={<DeclareButton declare={declareAction} />}
      notices={<AlertsWaiting declare={declareAction} dismiss={dismissAlertAction} />}
    />
  )
}
