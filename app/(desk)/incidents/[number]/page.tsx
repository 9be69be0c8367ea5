import { HydrationBoundary } from '@tanstack/react-query'
import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { activeRun } from '@/components/incident/active-run'
import { IncidentScreen } from '@/components/incident/incident-screen'
import type { IncidentView } from '@/lib/domain/incident/view'
import { firstPage, firstWish, incidentKey, runKey, timelineKey } from '@/lib/queries/keys'
import { type Fact, handOver, inTime, orNotFound } from '@/lib/web/hand-over'
import { pageSession } from '@/lib/web/session'
import { pageAction } from '../../escalation/actions'
import { incidentOf, runOf, storyOf } from '../../facts'
import {
  acceptRoleAction,
  addTaskAction,
  correctAction,
  finishTaskAction,
  moveAction,
  offerRoleAction,
  pinAction,
  probeAction,
  releaseRoleAction,
  renameAction,
  revokeWallLinkAction,
  severityAction,
  takeRoleAction,
  tickAction,
  updateAction,
  wallLinkAction,
  writeAction,
} from '../actions'

type Params = { params: Promise<{ number: string }> }

export async function generateMetadata({ params }: Params): Promise<Metadata> {
  return { title: `INC-${(await params).number}` }
}

export default async function IncidentPage({ params }: Params) {
  const number = Number((await params).number)
  if (!Number.isSafeInteger(number) || number < 1) notFound()
  await pageSession(`/incidents/${number}`)
  const story = storyOf(number).then(firstPage)
  const incident = orNotFound(inTime(incidentOf(number)))
  const facts = await handOver(
    [incidentKey(number), incident],
    [timelineKey(number, firstWish, null), story],
    ...runFacts(await incident),
  )
  return (
    <HydrationBoundary state={facts}>
      <IncidentScreen
        number={number}
        actions={{
          move: moveAction,
          severity: severityAction,
          rename: renameAction,
          takeRole: takeRoleAction,
          offerRole: offerRoleAction,
          acceptRole: acceptRoleAction,
          releaseRole: releaseRoleAction,
          write: writeAction,
          correct: correctAction,
          pin: pinAction,
          addTask: addTaskAction,
          finishTask: finishTaskAction,
          probe: probeAction,
          tick: tickAction,
          page: pageAction,
          update: updateAction,
          wallLink: wallLinkAction,
          revokeWallLink: revokeWallLinkAction,
        }}
      />
    </HydrationBoundary>
  )
}

function runFacts(incident: IncidentView | undefined): Fact[] {
  const run = activeRun(incident?.runs ?? [])
  return run ? [[runKey(run.id), runOf(run.id)]] : []
}
