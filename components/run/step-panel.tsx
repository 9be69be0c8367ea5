'use client'

import type { StepView } from '../../lib/domain/run/view'
import { formatClock, formatTimeOfDay } from '../../lib/web/present/format'
import { formatEstimate, presentStep } from '../../lib/web/present/run'
import { StateWord } from '../ui/state'
import { Choices, type StepProps } from './choices'
import { CommandBlock } from './command-block'
import { Effect } from './effect'
import { ProofFacts } from './proof-facts'
import { StepWait } from './step-wait'

const outcomes = { accepted: 'accepted', rejected: 'rejected', unknown: 'outcome unknown' } as const

/** One step: why, with what, how it is proved, what came of it, and after a failure the four ways on. */
export function StepPanel({ run, step, rights, actions }: StepProps) {
  const look = presentStep(step.state)
  const failed = step.state === 'failed'
  // Said in a box of its own colour: what asks for a person, and what a person decided.
  const boxed = failed || step.state === 'by-hand' || step.state === 'undone' || step.state === 'skipped'
  return (
    <section id="step" className="panel step-panel" aria-labelledby="step-title">
      <div className="step-body">
        <div className="step-head">
          <h2 id="step-title" className="min-w-0 font-semibold text-20">
            <span className="num text-text-3">{step.number}</span> {step.title}
          </h2>
          <Effect effect={step.effect} asks={step.asks} />
          <span className="grow" />
          {look ? (
            <StateWord state={look.state} word={look.word} look="chip" />
          ) : (
            <span className="text-12 text-text-3">not started</span>
          )}
        </div>
        <p className="text-text-2">{step.why}</p>
        {step.sentence && (
          <p
            role={failed ? 'alert' : 'status'}
            className={boxed && look ? `step-says st-${look.state}` : 'text-text-1'}
          >
            {step.sentence}
          </p>
        )}
        {step.wait && (
          <StepWait runId={run.id} step={step} wait={step.wait} right={rights.wait} waitLonger={actions.waitLonger} />
        )}
        <dl className="facts">
          <ProofFacts step={step} />
          <dt>Takes</dt>
          <dd>
            runbook <span className="num">{formatEstimate(step.estimate)}</span>
            {step.measured && (
              <>
                ; past runs p50 <span className="num">{formatClock(step.measured.p50Seconds * 1000)}</span>, p90{' '}
                <span className="num">{formatClock(step.measured.p90Seconds * 1000)}</span> of {step.measured.runs}
              </>
            )}
          </dd>
          {step.skippedBy && (
            <>
              <dt>Skipped</dt>
              <dd>
                {step.skippedBy.person.name}: {step.skippedBy.reason}
              </dd>
            </>
          )}
        </dl>
        <Commands step={step} />
        {step.effects.length > 0 && (
          <ul className="effects" aria-label="Sent commands">
            {step.effects.map((effect) => (
              <li key={`${effect.direction}-${effect.attempt}`}>
                <span className="num text-text-3">{formatTimeOfDay(effect.intendedAt)}</span>
                <span>
                  {effect.direction === 'undo' ? 'Undo' : 'Attempt'} {effect.attempt} by {effect.runner}, epoch{' '}
                  <span className="num">{effect.epoch}</span>:{' '}
                  {effect.outcome ? outcomes[effect.outcome] : 'intent recorded, no outcome yet'}
                  {effect.message ? `. ${effect.message}` : ''}
                </span>
              </li>
            ))}
          </ul>
        )}
      </div>
      {step.choices.length > 0 && <Choices run={run} step={step} rights={rights} actions={actions} />}
    </section>
  )
}

/** The exact command once it is fixed; before that, what the step would look at and send with what is known now. */
function Commands({ step }: { step: StepView }) {
  if (step.call)
    return (
      <>
        <CommandBlock cli={step.call.cli} digest={step.call.digest || undefined} hotkey />
        {step.command && step.command !== step.call.cli && (
          <details className="text-12 text-text-2">
            <summary>Everything this step reads and may send</summary>
            <div className="mt-2">
              <CommandBlock cli={step.command} />
            </div>
          </details>
        )}
      </>
    )
  return step.command ? (
    <div>
      <p className="mb-1 text-12 text-text-2">
        {step.state === 'by-hand'
          ? 'Manual steps'
          : step.effect === 'READ'
            ? 'Manual equivalent'
            : 'What it reads and sends, with current values'}
      </p>
      <CommandBlock cli={step.command} hotkey />
    </div>
  ) : null
}
