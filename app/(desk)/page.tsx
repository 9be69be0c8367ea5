import type { Metadata } from 'next'
import { Situation } from '@/components/cluster/situation'
import { DeclareButton } from '@/components/incident/declare'
import { objectives } from '@/lib/web/objectives'
import { declareAction } from './incidents/actions'

export const metadata: Metadata = { title: 'Situation' }

export default function SituationPage() {
  return <Situation rpo={objectives().rpo} actions={<DeclareButton declare={declareAction} />} />
}
