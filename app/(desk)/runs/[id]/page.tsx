import { RunScreen } from '@/components/run/run-screen'
import { castmatch } from '@/lib/config/castmatch'
import { pageSession } from '@/lib/web/session'
import {
  approveAction,
  breakGlassAction,
  pauseAction,
  refuseAction,
  resumeAction,
  retryAction,
  settleAction,
  skipAction,
  stopAction,
  undoAction,
} from './actions'

export const metadata = { title: 'Run' }

export default async function RunPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const { person } = await pageSession()
  return (
    <RunScreen
      id={id}
      viewerId={person.id}
      rto={castmatch.objectives.rto}
      actions={{
        approve: approveAction,
        refuse: refuseAction,
        breakGlass: breakGlassAction,
        retry: retryAction,
        undo: undoAction,
        skip: skipAction,
        stop: stopAction,
        pause: pauseAction,
        resume: resumeAction,
        settle: settleAction,
      }}
    />
  )
}
