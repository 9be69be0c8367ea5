'use client'

import { useState } from 'react'
import type { RunView, StepChoice, StepView } from '../../lib/domain/run/view'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { presentStep } from '../../lib/web/present/run'
import { Button } from '../ui/button'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import type { RunActions } from './actions'
import { CommandBlock } from './command-block'
import { Effect } from './effect'

const outcomes = { accepted: 'accepted', rejected: 'refused by the other side', unknown: 'answer lost' } as const

/** One step: why, with what, how it is proved, what came of it, and after a failure the four ways on. */
export function StepPanel({ run, step, actions }: { run: RunView; step: StepView; actions: RunActions }) {
  const look = presentStep(step.state)
  return (
    <section className="panel step-panel" aria-labelledby="step-title">
      <div className="step-head">
        <h2 id="step-title" className="font-semibold text-20">
          {step.title}
        </h2>
        <Effect effect={step.effect} />
        <span className="grow" />
        {look && <StateWord state={look.state} word={look.word} look="chip" />}
      </div>
      <p className="text-text-2">{step.why}</p>
      {step.sentence && (
        <p
          role={step.state === 'failed' ? 'alert' : 'status'}
          className={step.state === 'failed' ? 'text-state-problem' : 'text-text-1'}
        >
          {step.sentence}
        </p>
      )}
      <dl className="facts">
        {step.facts.map((fact) => (
          <div key={fact.label} className="contents">
            <dt>{fact.label}</dt>
            <dd>{fact.value}</dd>
          </div>
        ))}
        <dt>Done when</dt>
        <dd>{step.provedBy}</dd>
        <dt>Way back</dt>
        <dd>{step.undoneBy ?? 'None. What follows is a new run.'}</dd>
        {step.skippedBy && (
          <>
            <dt>Skipped</dt>
            <dd>
              {step.skippedBy.person.name}: {step.skippedBy.reason}
            </dd>
          </>
        )}
      </dl>
      {(step.call?.cli ?? step.command) && (
        <CommandBlock cli={step.call?.cli ?? step.command ?? ''} digest={step.call?.digest} hotkey />
      )}
      {step.effects.length > 0 && (
        <ul className="effects">
          {step.effects.map((effect) => (
            <li key={`${effect.direction}-${effect.attempt}`}>
              <span className="num text-text-3">{formatTimeOfDay(effect.intendedAt)}</span>
              <span>
                {effect.direction === 'undo' ? 'Undo' : 'Attempt'} {effect.attempt} by {effect.runner}, epoch{' '}
                <span className="num">{effect.epoch}</span>:{' '}
                {effect.outcome ? outcomes[effect.outcome] : 'intent written, no outcome yet'}
                {effect.message ? `. ${effect.message}` : ''}
              </span>
            </li>
          ))}
        </ul>
      )}
      {step.choices.length > 0 && <Choices run={run} step={step} actions={actions} />}
    </section>
  )
}

/** The ways on after a failure, each with its consequence in one line. */
function Choices({ run, step, actions }: { run: RunView; step: StepView; actions: RunActions }) {
  const [chosen, setChosen] = useState<StepChoice | null>(null)
  const [reason, setReason] = useState('')
  const action = useAction((choice: StepChoice) => {
    const key = { runId: run.id, stepId: step.id }
    switch (choice.kind) {
      case 'retry':
        return actions.retry(key)
      case 'undo':
        return actions.undo(key)
      case 'skip':
        return actions.skip({ ...key, reason })
      case 'stop':
        return actions.stop({ runId: run.id, reason })
    }
  })
  const decide = async (choice: StepChoice) => {
    if (choice.needsReason && chosen?.kind !== choice.kind) {
      setChosen(choice)
      return
    }
    if (await action.run(choice)) setChosen(null)
  }
  return (
    <div className="choices">
      <h3 className="font-semibold">How to go on</h3>
      <ul>
        {step.choices.map((choice) => (
          <li key={choice.kind}>
            <Button
              disabled={action.busy}
              aria-expanded={choice.needsReason ? chosen?.kind === choice.kind : undefined}
              onClick={() => decide(choice)}
            >
              {choice.label}
            </Button>
            <span className="text-12 text-text-2">
              {choice.consequence}
              {choice.needsSecondPerson ? ' A second person confirms it.' : ''}
            </span>
          </li>
        ))}
      </ul>
      {chosen && (
        <form
          className="flex flex-col gap-2"
          onSubmit={(event) => {
            event.preventDefault()
            void decide(chosen)
          }}
        >
          <label htmlFor="choice-reason" className="text-12 text-text-2">
            Why; the record keeps it
          </label>
          <textarea
            id="choice-reason"
            className="field-area"
            rows={2}
            value={reason}
            onChange={(e) => setReason(e.target.value)}
          />
          <div className="flex gap-2">
            <Button type="submit" look="go" disabled={!reason.trim() || action.busy}>
              {chosen.label}
            </Button>
            <Button look="ghost" onClick={() => setChosen(null)}>
              Back
            </Button>
          </div>
        </form>
      )}
      {action.error && (
        <p role="alert" className="text-state-problem">
          {action.error}
        </p>
      )}
    </div>
  )
}
