import { ProcedureList } from '@/components/procedure/procedure-list'
import { readProcedures } from '@/lib/views/procedure'
import { readRuns } from '@/lib/views/run'
import { pageContext } from '@/lib/web/view-context'

export const metadata = { title: 'Procedures' }

export default async function ProceduresPage() {
  const context = await pageContext()
  const [procedures, runs] = await Promise.all([readProcedures(context), readRuns(context)])
  return <ProcedureList procedures={procedures} runs={runs} />
}
