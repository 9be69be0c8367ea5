import { HydrationBoundary } from '@tanstack/react-query'
import type { Metadata } from 'next'
import { AuditTrail } from '@/components/record/audit-trail'
import { SettingsHead } from '@/components/settings/settings-head'
import { readAuditSearch } from '@/lib/domain/record/audit'
import { auditKey, firstPage } from '@/lib/queries/keys'
import { readAuditTrail } from '@/lib/views/audit'
import { rightTo } from '@/lib/views/rights'
import { handOver } from '@/lib/web/hand-over'
import { pageContext } from '@/lib/web/view-context'

export const metadata: Metadata = { title: 'Audit trail' }
export const dynamic = 'force-dynamic'

const filter = { part: null, search: '' }
const everything = { part: null, ...readAuditSearch(''), before: null }

export default async function AuditPage() {
  const context = await pageContext('/settings/audit')
  const right = rightTo(context, 'manage-settings')
  return (
    <div className="mx-auto grid w-full max-w-5xl gap-4 p-4">
      <SettingsHead here="audit" />
      {right.allowed ? (
        <HydrationBoundary
          state={await handOver([auditKey(filter), readAuditTrail(context, everything).then(firstPage)])}
        >
          <AuditTrail />
        </HydrationBoundary>
      ) : (
        <section className="panel p-4" aria-label="Audit trail">
          <p className="font-[550]">Your role cannot read the audit trail.</p>
          <p className="text-text-2">{right.why} Incident timelines are open to everyone.</p>
        </section>
      )}
    </div>
  )
}
