'use client'

import { useState } from 'react'
import type { RunRights, RunView, StepChoice, StepView } from '../../lib/domain/run/view'
import { Button } from '../ui/button'
import { useAction } from '../ui/use-action'
import type { RunActions } from './actions'
import { HandOver } from './hand-over'
import { ReasonForm } from './reason-form'

/** The ways on after a failure, each with its consequence in one line, or with the reason why it is closed. */
export function Choices({
  run,
  step,
  rights,
  actions,
}: {
  run: RunView
  step: StepView
  rights: RunRights
  actions: RunActions
}) {
  const [chosen, setChosen] = useState<StepChoice | null>(null)
  const action = useAction(({ kind, reason }: { kind: StepChoice['kind']; reason: string }) => {
    const key = { runId: run.id, stepId: step.id }
    switch (kind) {
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
  const decide = async (choice: StepChoice, reason = '') => {
    if (choice.needsReason && !reason) setChosen(choice)
    else if (await action.run({ kind: choice.kind, reason })) setChosen(null)
  }
  return (
    <div className="choices">
      <h3 className="font-semibold">How to go on</h3>
      {chosen ? (
        <>
          <p className="text-12 text-text-2">{chosen.consequence}</p>
          <ReasonForm
            key={chosen.kind}
            label={chosen.kind === 'stop' ? 'Why it stops here' : 'Why the run may go on without this step'}
            go={chosen.kind === 'stop' ? 'Stop the run here' : `Skip “${step.title}”`}
            danger={chosen.kind === 'skip'}
            busy={action.busy}
            onBack={() => setChosen(null)}
            onGo={(reason) => void decide(chosen, reason)}
          />
        </>
      ) : (
        <ul>
          {step.choices.map((choice) => {
            const closed = choice.impossible ?? rights[choice.kind].why
            return (
              <li key={choice.kind}>
                <Button
                  look={choice.kind === 'retry' ? 'go' : undefined}
                  disabled={action.busy || closed !== null}
                  aria-describedby={`choice-${choice.kind}`}
                  onClick={() => void decide(choice)}
                >
                  {choice.label}
                </Button>
                <span id={`choice-${choice.kind}`} className="text-12 text-text-2">
                  {choice.impossible ?? choice.consequence}
                  {choice.impossible === null && choice.needsSecondPerson
                    ? ' Somebody other than the starter decides it.'
                    : ''}
                  {choice.impossible === null && closed ? <span className="block text-text-3">{closed}</span> : null}
                </span>
              </li>
            )
          })}
        </ul>
      )}
      {!chosen && rights.note.allowed && <HandOver run={run} step={step.title} addTask={actions.addTask} />}
      {action.error && (
        <p role="alert" className="text-state-problem">
          {action.error}
        </p>
      )}
    </div>
  )
}
