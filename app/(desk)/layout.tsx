import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { Frame } from '@/components/frame/frame'
import { parseTheme, railCookie, themeCookie } from '@/components/frame/theme'
import { IncidentStrip } from '@/components/incident/strip'
import { LabPanel } from '@/components/lab/lab-panel'
import { may } from '@/lib/domain/people/permissions'
import { webEnv } from '@/lib/web/env'
import { labConfigured } from '@/lib/web/lab-panel'
import { procedureLinks } from '@/lib/web/readers/procedure'
import { pageSession } from '@/lib/web/session'
import { healFault, readLab, startFault } from './lab-actions'

export default async function DeskLayout({ children }: { children: ReactNode }) {
  const { person } = await pageSession()
  const { name, kind, aws } = webEnv().environment
  const jar = await cookies()
  return (
    <Frame
      environment={{ name, kind, cluster: aws.clusterId, region: aws.region }}
      viewer={{ name: person.name, role: person.role }}
      theme={parseTheme(jar.get(themeCookie)?.value)}
      procedures={procedureLinks()}
      slim={jar.get(railCookie)?.value === 'slim'}
      strip={<IncidentStrip />}
      tools={
        labConfigured() ? (
          <LabPanel
            actions={{ read: readLab, start: startFault, heal: healFault }}
            mayBreak={may(person.role, 'lab-faults')}
          />
        ) : null
      }
    >
      {children}
    </Frame>
  )
}
