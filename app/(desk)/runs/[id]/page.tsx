import { notFound } from 'next/navigation'
import { RunScreen } from '@/components/run/run-screen'
import { castmatch } from '@/lib/config/castmatch'
import { ExpectedError } from '@/lib/domain/errors'
import { readRunFor } from '@/lib/views/run'
import { pageContext } from '@/lib/web/view-context'
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
  // A store that is away now may be back before the person has read the page: the browser asks again.
  const first = await readRunFor(context, id).catch((error: unknown) => {
    if (error instanceof ExpectedError && error.code === 'store-unavailable') return null
    if (error instanceof ExpectedError && error.code === 'not-found') notFound()
    throw error
  })
  return (
    <RunScreen
      id={id}
      first={first}
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
  )
}
