import type { Metadata } from 'next'
import { Situation } from '@/components/cluster/situation'
import { objectives } from '@/lib/web/objectives'

export const metadata: Metadata = { title: 'Situation' }

export default function SituationPage() {
  return <Situation rpo={objectives().rpo} />
}
