import type { Metadata } from 'next'
import { BackupsScreen } from '@/components/backups/backups-screen'
import { readBackups } from '@/lib/views/backups'
import { backupProcedure } from '@/lib/views/procedure'
import { pageContext } from '@/lib/web/view-context'

export const metadata: Metadata = { title: 'Backups' }

export default async function BackupsPage() {
  return (
    <BackupsScreen view={await readBackups(await pageContext('/backups'))} restore={backupProcedure()?.href ?? null} />
  )
}
