import { HydrationBoundary } from '@tanstack/react-query'
import { notFound } from 'next/navigation'
import { RunScreen } from '@/components/run/run-screen'
import { castmatch } from '@/lib/config/castmatch'
import { ExpectedError } from '@/lib/domain/errors'
import { firstPage, notesWish, runKey, timelineKey } from '@/lib/queries/keys'
import { handOver, inTime } from '@/lib/web/hand-over'
import { pageContext } from '@/lib/web/view-context'
import { notesOf, runOf } from '../../facts'
import { addTaskAction, writeAction } from '../../incidents/actions'
import {
  approveAction,
  breakGlassAction,
  byHandAction,
  handDoneAction,
  pauseAction,
  refuseAction,
  resumeAction,
  retryAction,
  reviseAction,
  settleAction,
  skipAction,
  stopAction,
  undoAction,
  waitLongerAction,
} from './actions'

export const metadata = { title: 'Run' }

export default async function RunPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const context = await pageContext(`/runs/${id}`)
  const run = await inTime(runOf(id)).catch((error: unknown) => {
    if (error instanceof ExpectedError && error.code === 'not-found') notFound()
    throw error
  })
  const number = run?.run.incidentNumber ?? null
  const facts = await handOver(
    [runKey(id), run],
    ...(number === null ? [] : [[timelineKey(number, notesWish, null), notesOf(number).then(firstPage)] as const]),
  )
  return (
    <HydrationBoundary state={facts}>
      <RunScreen
        id={id}
        viewerId={context.person.id}
        rto={castmatch.objectives.rto}
        actions={{
          approve: approveAction,
          refuse: refuseAction,
          breakGlass: breakGlassAction,
          retry: retryAction,
          undo: undoAction,
          skip: skipAction,
          revise: reviseAction,
          byHand: byHandAction,
          handDone: handDoneAction,
          waitLonger: waitLongerAction,
          stop: stopAction,
          pause: pauseAction,
          resume: resumeAction,
          settle: settleAction,
          write: writeAction,
          addTask: addTaskAction,
        }}
      />
    </HydrationBoundary>
  )
}
