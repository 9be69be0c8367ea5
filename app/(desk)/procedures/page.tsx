import { ProcedureList } from '@/components/procedure/procedure-list'
import { readProcedures } from '@/lib/views/procedure'
import { readRuns } from '@/lib/views/run'
import { pageSession } from '@/lib/web/session'

export const metadata = { title: 'Procedures' }

export default async function ProceduresPage() {
  await pageSession()
  const [procedures, runs] = await Promise.all([readProcedures(), readRuns()])
  return <ProcedureList procedures={procedures} runs={runs} />
}
