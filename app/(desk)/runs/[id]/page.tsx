import { HydrationBoundary } from '@tanstack/react-query'
import { RunScreen } from '@/components/run/run-screen'
import { castmatch } from '@/lib/config/castmatch'
import { firstPage, lastOutputPage, notesWish, outputKey, outputPage, runKey, timelineKey } from '@/lib/queries/keys'
import { readOutputOf } from '@/lib/views/run'
import { handOver, inTime, orNotFound } from '@/lib/web/hand-over'
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
  const run = await orNotFound(inTime(runOf(id)))
  const number = run?.run.incidentNumber ?? null
  const newest = lastOutputPage(run?.run.outputLines ?? 0)
  const facts = await handOver(
    [runKey(id), run],
    [outputKey(id, newest), readOutputOf(context, id, newest * outputPage, outputPage)],
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
