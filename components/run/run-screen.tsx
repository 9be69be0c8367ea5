'use client'

import Link from 'next/link'
import { useEffect, useState } from 'react'
import { incidentLabel } from '../../lib/domain/incident/labels'
import { stepIsSettled } from '../../lib/domain/run/states'
import { utcWords } from '../../lib/domain/units'
import { useRun } from '../../lib/queries/run'
import type { RunActions } from '../../lib/web/present/actions'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { modeWords, presentFailed, presentRun, runName } from '../../lib/web/present/run'
import { StateWord } from '../ui/state'
import { AloneWords } from './alone-words'
import { ApprovalCard } from './approval-card'
import { MomentSearch } from './moment-search'
import { Obligations } from './obligations'
import { OutputPanel } from './output-panel'
import { RunCandidates, RunChecks, RunClocks, RunStarted } from './run-aside'
import { RunButtons } from './run-buttons'
import { RunNotes } from './run-notes'
import { RunPlaces } from './run-places'
import { RunRegions } from './run-regions'
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
  const { data, error } = useRun(id)
  const [picked, setPicked] = useState<string | null>(null)
  const current = data?.run.currentStepId ?? null
  // Whoever looks at an older step is brought along when the run moves on.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the move itself is the signal
  useEffect(() => setPicked(null), [current])

  if (!data) return <RunPlaces message={error?.message ?? null} />
  const { run, rights, approvers, signing } = data
  // While it is paused the next step is what people think about.
  const next = run.state === 'paused' ? run.steps.find((step) => !stepIsSettled(step.state)) : undefined
  const byHand = run.steps.some((step) => step.state === 'by-hand') && run.state === 'needs-person'
  const shown =
    run.steps.find((step) => step.id === (picked ?? next?.id ?? current)) ??
    run.steps.findLast((step) => step.startedAt !== null) ??
    run.steps[0]
  const look = byHand ? ({ state: 'waiting', word: 'NEEDS A DECISION' } as const) : presentRun(run.state)
  const failed = presentFailed(run.state, run.steps)
  // Steps at the same time ask each for itself.
  const wanted = picked ?? (shown?.stage ? shown.id : null)
  const open = run.approvals.findLast((a) => a.state === 'open' && (wanted === null || a.stepId === wanted)) ?? null
  const over = run.state === 'done' || run.state === 'stopped' || run.state === 'aborted'

  return (
    <div className="run-grid" data-run-state={run.state}>
      <header className="run-head">
        <h1 className="font-semibold text-20">{run.title}</h1>
        <StateWord
          state={run.mode === 'real' ? 'problem' : run.mode === 'drill' ? 'lagging' : 'unknown'}
          word={modeWords[run.mode]}
          look="chip"
        />
        <StateWord state={look.state} word={look.word} look="chip" />
        {failed && <StateWord state={failed.state} word={failed.word} look="chip" />}
        <span className="run-about">
          run <span className="num">{runName(run.id)}</span>, started{' '}
          <span className="num" title={utcWords(run.startedAt)}>
            {formatTimeOfDay(run.startedAt)}
          </span>{' '}
          by {run.startedBy.name}
          {run.incidentNumber !== null && (
            <>
              {' '}
              for{' '}
              <Link href={`/incidents/${run.incidentNumber}`} className="text-accent underline">
                {incidentLabel(run.incidentNumber)}
              </Link>
            </>
          )}
        </span>
        {run.comparesRows && (
          <Link href={`/runs/${run.id}/rows`} className="text-accent underline">
            Compared rows
          </Link>
        )}
        <span className="grow" />
        {error && <StateWord state="unknown" word="NOT REFRESHED" />}
        <span id="run-buttons" className="flex flex-wrap items-center gap-2">
          <RunButtons run={run} rights={rights} actions={actions} />
        </span>
        {run.alone && (
          <p className="alone st-problem" role="alert">
            <AloneWords alone={run.alone} />
          </p>
        )}
        <p
          className={`run-sentence st-${look.state}`}
          role={run.state === 'needs-person' && !byHand ? 'alert' : 'status'}
          title={run.sentence}
        >
          {run.sentence}
        </p>
      </header>
      <StepRail steps={run.steps} currentId={current} shownId={shown?.id ?? null} onShow={setPicked} />
      <div className="run-centre">
        {open ? (
          <ApprovalCard
            key={open.id}
            run={run}
            approval={open}
            rights={rights}
            approvers={approvers}
            signing={signing?.[open.id] ?? null}
            actions={actions}
            viewerId={viewerId}
          />
        ) : (
          shown && <StepPanel key={shown.id} run={run} step={shown} rights={rights} actions={actions} />
        )}
        <OutputPanel runId={run.id} total={run.outputLines} over={over} />
      </div>
      <div className="run-aside">
        <RunClocks run={run} rto={rto} />
        {run.search && <MomentSearch search={run.search} />}
        {run.elsewhere && <RunRegions />}
        <RunCandidates />
        <RunNotes run={run} write={actions.write} right={rights.note} />
        <Obligations
          runId={run.id}
          incidentNumber={run.incidentNumber}
          obligations={run.obligations}
          rights={{ met: rights.settle, accept: rights.accept }}
          settle={actions.settle}
        />
        <RunStarted run={run} />
        <RunChecks run={run} />
      </div>
    </div>
  )
}
