'use client'

import { Hourglass } from 'lucide-react'
import type { RunRights, StepView } from '../../lib/domain/run/view'
import { durationWords } from '../../lib/domain/units'
import { useNowSelect } from '../../lib/queries/clock'
import type { RunActions } from '../../lib/web/present/actions'
import { formatClock } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Refusal } from '../ui/refusal'
import { useAction } from '../ui/use-action'

/** What a step waits for may come by itself: how long it still waits, and the button that adds to it. */
export function StepWait({
  runId,
  step,
  wait,
  right,
  waitLonger,
}: {
  runId: string
  step: StepView
  wait: NonNullable<StepView['wait']>
  right: RunRights['wait']
  waitLonger: RunActions['waitLonger']
}) {
  const action = useAction(waitLonger)
  const leftMs = useNowSelect((now) => Math.max(0, wait.until - (now || wait.since)), wait.until - wait.since)
  const share = Math.min(1, leftMs / (wait.until - wait.since))
  return (
    <div className="step-wait st-waiting">
      <Hourglass aria-hidden />
      <span>
        waits <b className="num">{formatClock(leftMs)}</b> more, then a person decides
      </span>
      <span
        className="step-wait-bar"
        role="progressbar"
        aria-label={`Time left to wait in ${step.title}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(100 * share)}
      >
        <i style={{ width: `${100 * share}%` }} />
      </span>
      <Button
        size="s"
        disabled={action.busy || !right.allowed}
        title={right.why ?? undefined}
        onClick={() => void action.run({ runId, stepId: step.id })}
      >
        Wait {durationWords(wait.addsMs)} longer
      </Button>
      <Refusal why={action.error} className="basis-full" />
    </div>
  )
}
