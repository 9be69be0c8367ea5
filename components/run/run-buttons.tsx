'use client'

import { useState } from 'react'
import type { RunRights, RunView } from '../../lib/domain/run/view'
import type { RunActions } from '../../lib/web/present/actions'
import { Button } from '../ui/button'
import { ReasonForm } from '../ui/reason-form'
import { Refusal } from '../ui/refusal'
import { Modal } from '../ui/sheet'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'

/** Pause, go on, stop: each takes effect at the next safe point, and says so until it has. */
export function RunButtons({ run, rights, actions }: { run: RunView; rights: RunRights; actions: RunActions }) {
  const [stopping, setStopping] = useState(false)
  const pause = useAction(actions.pause)
  const resume = useAction(actions.resume)
  const stop = useAction(actions.stop)
  const error = pause.error ?? resume.error
  const { id: runId, wish } = run
  return (
    <>
      <Refusal why={error} />
      {wish && (
        <StateWord state="working" word={wish === 'stop' ? 'STOPPING AT A SAFE POINT' : 'PAUSING AT A SAFE POINT'} />
      )}
      {rights.resume.allowed && (
        <Button
          size="s"
          look={run.state === 'paused' ? 'go' : undefined}
          disabled={resume.busy}
          onClick={() => resume.run({ runId })}
        >
          {run.state === 'paused' ? 'Resume' : 'Do not pause'}
        </Button>
      )}
      {rights.pause.allowed && (
        <Button size="s" disabled={pause.busy} onClick={() => pause.run({ runId })}>
          Pause
        </Button>
      )}
      {rights.stop.allowed && (
        <Button size="s" onClick={() => setStopping(true)}>
          Stop at a safe point
        </Button>
      )}
      <Modal open={stopping} onOpenChange={setStopping} title="Stop this run at a safe point">
        <div className="flex flex-col gap-3">
          <p className="text-text-2">
            The current effect is completed and verified first. Completed steps stay; remaining steps need a new run.
            Traffic that is held stays held until someone resumes it.
          </p>
          <Refusal why={stop.error} />
          <ReasonForm
            label="Reason for stopping (recorded)"
            go="Stop the run"
            danger
            busy={stop.busy}
            onBack={() => setStopping(false)}
            onGo={async (reason) => {
              if (await stop.run({ runId, reason })) setStopping(false)
            }}
          />
        </div>
      </Modal>
    </>
  )
}
