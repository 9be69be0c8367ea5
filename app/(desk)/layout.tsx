import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { Frame } from '@/components/frame/frame'
import { parseTheme, railCookie, themeCookie } from '@/components/frame/theme'
import { IncidentStrip } from '@/components/incident/strip'
import { LabPanel } from '@/components/lab/lab-panel'
import { type Confirmation, Confirms } from '@/components/people/confirm'
import { byWeight } from '@/lib/domain/incident/incident'
import { isOpen } from '@/lib/domain/incident/status'
import { may } from '@/lib/domain/people/permissions'
import { stepUpWaysOf } from '@/lib/domain/people/step-up'
import { activeRunsKey, incidentKey, openIncidentsKey, snapshotKey } from '@/lib/queries/keys'
import { procedureLinks } from '@/lib/views/procedure'
import { readRuns } from '@/lib/views/run'
import { webEnv } from '@/lib/web/env'
import { type Fact, handOver, inTime } from '@/lib/web/hand-over'
import { liveHub } from '@/lib/web/hub'
import { labConfigured } from '@/lib/web/lab-panel'
import { type CurrentSession, pageSession } from '@/lib/web/session'
import { viewSource } from '@/lib/web/view-context'
import { confirmByPassword, confirmInLab } from './confirm-actions'
import { incidentOf, openIncidents } from './facts'
import { declareAction } from './incidents/actions'
import { healFault, readLab, startFault } from './lab-actions'

export default async function DeskLayout({ children }: { children: ReactNode }) {
  const session = await pageSession()
  const { person } = session
  const { name, kind, aws } = webEnv().environment
  const jar = await cookies()
  return (
    <Frame
      facts={await handOver(...(await frameFacts()))}
      environment={{ name, kind, cluster: aws.clusterId, region: aws.region }}
      viewer={{ name: person.name, role: person.role }}
      theme={parseTheme(jar.get(themeCookie)?.value)}
      procedures={procedureLinks()}
      declare={declareAction}
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
      <Confirms value={confirmation(session)}>{children}</Confirms>
    </Frame>
  )
}

/** What every page shows: the cluster, the gravest open incident, and runs that are under way. */
async function frameFacts(): Promise<Fact[]> {
  const runs = readRuns(viewSource(), { active: true }).then((active) => ({ runs: active }))
  const open = await inTime(openIncidents())
  const gravest = open?.items.filter((item) => isOpen(item.status)).toSorted(byWeight)[0]
  return [
    [snapshotKey, liveHub().snapshot()],
    [openIncidentsKey, open],
    [activeRunsKey, runs],
    ...(gravest ? [[incidentKey(gravest.number), incidentOf(gravest.number)] as const] : []),
  ]
}

/** How whoever looks can confirm who they are, before an act that takes it. */
function confirmation({ account, method }: CurrentSession): Confirmation {
  const { environment, OIDC_ISSUER, OIDC_NAME } = webEnv()
  return {
    name: account.name,
    ways: stepUpWaysOf(account, { method }, { kind: environment.kind, singleSignOn: OIDC_ISSUER !== undefined }),
    singleSignOn: OIDC_ISSUER ? OIDC_NAME : null,
    actions: { password: confirmByPassword, lab: confirmInLab },
  }
}
