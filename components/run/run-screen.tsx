'use client'

import { useEffect, useState } from 'react'
import type { RunRights } from '../../lib/domain/run/view'
import { useRun } from '../../lib/queries/run'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { modeWords, presentRun } from '../../lib/web/present/run'
import { Button } from '../ui/button'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import type { RunActions } from './actions'
import { ApprovalCard } from './approval-card'
import { Obligations } from './obligations'
import { OutputPanel } from './output-panel'
import { RunCandidates, RunChecks, RunClocks } from './run-aside'
import { StepPanel } from './step-panel'
import { StepRail } from './step-rail'

/** One run, live in every browser that looks. Closing the browser changes nothing; a reload lands in the same place. */
export function RunScreen({
  id,
  viewerId,
  actions,
  rto,
}: {
  id: string
  viewerId: string
  actions: RunActions
  rto: { targetSeconds: number; maximumSeconds: number }
}) {
  const { data, error, isPending } = useRun(id)
  const [picked, setPicked] = useState<string | null>(null)
  const current = data?.run.currentStepId ?? null
  // Whoever looks at an older step is brought along when the run moves on.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the move itself is the signal
  useEffect(() => setPicked(null), [current])

  if (isPending) return <div className="run-grid" aria-busy="true" />
  if (!data)
    return (
      <div className="panel p-6">
        <h1 className="font-semibold text-20">This run cannot be shown</h1>
        <p className="mt-1 text-text-2">{error?.message ?? 'It was not found.'}</p>
      </div>
    )
  const { run, rights } = data
  const shown =
    run.steps.find((step) => step.id === (picked ?? current)) ??
    run.steps.findLast((step) => step.startedAt !== null) ??
    run.steps[0]
  const look = presentRun(run.state)
  const open =
    run.approval?.state === 'open' && (picked === null || picked === run.approval.stepId) ? run.approval : null
  const over = run.state === 'done' || run.state === 'stopped' || run.state === 'aborted'

  return (
    <div className="run-grid" data-run-state={run.state}>
      <header className="run-head">
        <h1 className="font-semibold text-20">{run.title}</h1>
        <StateWord state={run.mode === 'real' ? 'problem' : 'unknown'} word={modeWords[run.mode]} look="chip" />
        <StateWord state={look.state} word={look.word} look="chip" />
        <span className="min-w-0 truncate text-12 text-text-3" title={run.sentence}>
          run <span className="num">{run.id.slice(0, 8)}</span>, started{' '}
          <span className="num">{formatTimeOfDay(run.startedAt)}</span> by {run.startedBy.name}
        </span>
        <span className="grow" />
        {error && <StateWord state="unknown" word="NOT REFRESHED" />}
        <RunButtons runId={run.id} wish={run.wish} rights={rights} actions={actions} paused={run.state === 'paused'} />
      </header>
      <StepRail steps={run.steps} currentId={current} shownId={shown?.id ?? null} onShow={setPicked} />
      <div className="run-centre">
        {(run.state === 'needs-person' || over) && run.sentence && (
          <p className={`run-sentence st-${look.state}`} role="status">
            {run.sentence}
          </p>
        )}
        {open ? (
          <ApprovalCard key={open.id} run={run} approval={open} rights={rights} actions={actions} viewerId={viewerId} />
        ) : (
          shown && <StepPanel key={shown.id} run={run} step={shown} actions={actions} />
        )}
        <OutputPanel runId={run.id} total={run.outputLines} over={over} />
      </div>
      <div className="run-aside">
        <RunClocks run={run} rto={rto} />
        <RunCandidates />
        <Obligations
          runId={run.id}
          obligations={run.obligations}
          rights={{ met: rights.settle, accept: rights.accept }}
          settle={actions.settle}
        />
        <RunChecks run={run} />
      </div>
    </div>
  )
}

function RunButtons({
  runId,
  wish,
  rights,
  actions,
  paused,
}: {
  runId: string
  wish: 'pause' | 'stop' | null
  rights: RunRights
  actions: RunActions
  paused: boolean
}) {
  const pause = useAction(actions.pause)
  const resume = useAction(actions.resume)
  const stop = useAction(actions.stop)
  const error = pause.error ?? resume.error ?? stop.error
  return (
    <>
      {error && (
        <span role="alert" className="text-12 text-state-problem">
          {error}
        </span>
      )}
      {wish && (
        <StateWord state="working" word={wish === 'stop' ? 'STOPPING AT A SAFE POINT' : 'PAUSING AT A SAFE POINT'} />
      )}
      {paused && rights.resume.allowed && (
        <Button size="s" look="go" disabled={resume.busy} onClick={() => resume.run({ runId })}>
          Resume
        </Button>
      )}
      {!paused && rights.pause.allowed && (
        <Button size="s" disabled={pause.busy || wish !== null} onClick={() => pause.run({ runId })}>
          Pause
        </Button>
      )}
      {rights.stop.allowed && (
        <Button
          size="s"
          disabled={stop.busy || wish === 'stop'}
          onClick={() => stop.run({ runId, reason: 'Stopped from the run screen' })}
        >
          Stop at a safe point
        </Button>
      )}
    </>
  )
}
