'use client'

import { useState } from 'react'
import type { RunAct } from '../../lib/domain/run/rights'
import type { RunRights, RunView, StepChoice, StepView } from '../../lib/domain/run/view'
import type { RunActions } from '../../lib/web/present/actions'
import { Button } from '../ui/button'
import { ReasonForm } from '../ui/reason-form'
import { Refusal } from '../ui/refusal'
import { useAction } from '../ui/use-action'
import { HandOver } from './hand-over'

const rightFor: Record<StepChoice['kind'], RunAct> = {
  retry: 'retry',
  undo: 'undo',
  skip: 'skip',
  stop: 'stop',
  accept: 'revise',
  anew: 'revise',
  'by-hand': 'by-hand',
  'hand-done': 'hand-done',
}

/** What the reason that a choice asks for is a reason of, and what the button says that gives it. */
function asking(choice: StepChoice, step: StepView): { label: string; go: string; danger: boolean } {
  switch (choice.kind) {
    case 'skip':
      return { label: 'Reason for continuing without this step', go: `Skip “${step.title}”`, danger: true }
    case 'stop':
      return { label: 'Reason for stopping here', go: 'Stop the run here', danger: false }
    case 'by-hand':
      return { label: 'Reason for doing it manually', go: `Do “${step.title}” manually`, danger: false }
    case 'accept':
      return { label: `Reason for ${choice.subject}`, go: choice.label, danger: true }
    case 'anew':
    case 'retry':
    case 'undo':
    case 'hand-done':
      return { label: 'Why', go: choice.label, danger: false }
  }
}

export interface StepProps {
  run: RunView
  step: StepView
  rights: RunRights
  actions: RunActions
}

/** The ways on, each with its consequence in one line, or with the reason why it is closed. */
export function Choices({ run, step, rights, actions }: StepProps) {
  const [chosen, setChosen] = useState<StepChoice | null>(null)
  const action = useAction(({ choice, reason }: { choice: StepChoice; reason: string }) => {
    const key = { runId: run.id, stepId: step.id }
    const { kind } = choice
    switch (kind) {
      case 'retry':
        return actions.retry(key)
      case 'undo':
        return actions.undo(key)
      case 'skip':
        return actions.skip({ ...key, reason })
      case 'stop':
        return actions.stop({ runId: run.id, reason })
      case 'accept':
      case 'anew':
        return actions.revise({ ...key, kind, subject: choice.subject ?? '', reason })
      case 'by-hand':
        return actions.byHand({ ...key, reason })
      case 'hand-done':
        return actions.handDone(key)
    }
  })
  const decide = async (choice: StepChoice, reason = '') => {
    if (choice.needsReason && !reason) setChosen(choice)
    else if (await action.run({ choice, reason })) setChosen(null)
  }
  const asked = chosen && asking(chosen, step)
  return (
    <div className="choices">
      <h3 className="font-semibold">{step.state === 'pending' ? 'Before it starts' : 'Options'}</h3>
      {chosen && asked ? (
        <>
          <p className="text-12 text-text-2">{chosen.consequence}</p>
          <ReasonForm
            key={chosen.kind}
            label={asked.label}
            go={asked.go}
            danger={asked.danger}
            busy={action.busy}
            onBack={() => setChosen(null)}
            onGo={(reason) => void decide(chosen, reason)}
          />
        </>
      ) : (
        <ul>
          {step.choices.map((choice, i) => {
            const closed = choice.impossible ?? rights[rightFor[choice.kind]].why
            return (
              <li key={choice.kind}>
                <Button
                  look={i === 0 && step.state !== 'pending' ? 'go' : undefined}
                  disabled={action.busy || closed !== null}
                  aria-describedby={`choice-${choice.kind}`}
                  onClick={() => void decide(choice)}
                >
                  {choice.label}
                </Button>
                <span id={`choice-${choice.kind}`} className="text-12 text-text-2">
                  {choice.impossible ?? choice.consequence}
                  {choice.impossible === null && choice.needsSecondPerson
                    ? ' Someone other than the person who started the run decides.'
                    : ''}
                  {choice.impossible === null && closed ? <span className="block text-text-3">{closed}</span> : null}
                </span>
              </li>
            )
          })}
        </ul>
      )}
      {!chosen && step.state === 'failed' && rights.note.allowed && (
        <HandOver run={run} step={step.title} addTask={actions.addTask} />
      )}
      <Refusal why={action.error} />
    </div>
  )
}
