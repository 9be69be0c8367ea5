import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { IncidentPlace } from '@/components/incident/incident-place'
import { pageSession } from '@/lib/web/session'
import { pageAction } from '../../escalation/actions'
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
  return (
    <IncidentPlace
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
  )
}
