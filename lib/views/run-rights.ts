import type { EffectClass } from '../domain/procedure/types'
import { attemptsLeft, mayRetry, mayTakeByHand, mayUndo } from '../domain/run/rights'
import type { Run } from '../domain/run/run'
import { openSteps, takesDecisions } from '../domain/run/stage'
import { attemptCap } from '../domain/run/states'
import type { StepChoice } from '../domain/run/view'
import type { AnyStep, Revision } from '../procedures/contract'
import { revisionsOf } from '../procedures/revising'

type Definition = Partial<Pick<AnyStep, 'optional' | 'call' | 'asks' | 'revisions'>> & {
  undo?: { effect?: EffectClass }
}
const plain = { needsReason: false, needsSecondPerson: false, impossible: null, subject: null }

/**
 * What a person may choose at this step, each with what follows from it, or why it cannot be: after a failure, while somebody
 * does it manually, and before it begins while the run is paused.
 */
export function choices(run: Run, step: Run['steps'][number], definition: Definition | undefined): StepChoice[] {
  const byHand = byHandChoice(run, definition)
  const isNext = openSteps(run.steps).some(({ stepId }) => stepId === step.stepId)
  if (run.state === 'paused' && step.state === 'pending' && isNext && !byHand.impossible) return [byHand]
  if (!takesDecisions(run, step) || (!step.stage && run.currentStepId !== step.stepId)) return []
  const skip: StepChoice = {
    ...plain,
    kind: 'skip',
    label: 'Skip with a reason',
    consequence: definition?.optional ?? 'The run continues without it. Whatever depends on it stays unverified.',
    needsReason: true,
    needsSecondPerson: run.twoPersons && definition?.optional === undefined,
  }
  const stop: StepChoice = {
    ...plain,
    kind: 'stop',
    label: 'Stop here',
    consequence: 'Ends the run. Completed steps stay; remaining steps need a new run.',
    needsReason: true,
  }
  const left = attemptsLeft(run, step)
  const retry: StepChoice = {
    ...plain,
    kind: 'retry',
    label: 'Try again',
    consequence: `Checks the situation first, and acts only if it is still needed. ${left} of ${attemptCap} attempts left.`,
    impossible: mayRetry(run, step).why,
  }
  if (step.state === 'by-hand')
    return [
      {
        ...plain,
        kind: 'hand-done',
        label: 'Verify that it is done',
        consequence: 'Sends nothing. Checks until it is verified, and asks again if that fails.',
      },
      { ...retry, label: 'Let the runner do it' },
      skip,
      stop,
    ]
  if (step.state !== 'failed' && step.state !== 'undone') return []
  const revisions = step.state === 'failed' ? revisionsOf(run, definition) : []
  const revised = (kind: Revision['kind']): StepChoice[] =>
    revisions
      .filter((r) => r.kind === kind)
      .map(({ label, consequence, subject }) => ({ ...plain, kind, label, consequence, subject, needsReason: true }))
  return [
    ...revised('accept'),
    retry,
    ...revised('anew'),
    {
      ...plain,
      kind: 'undo',
      label: 'Roll back',
      consequence: 'Restores what this step changed and verifies it. Then a person decides how to continue.',
      needsSecondPerson: run.twoPersons && definition?.undo?.effect === 'DANGEROUS',
      impossible: mayUndo(step, definition?.undo !== undefined).why,
    },
    ...(definition?.call && !definition.asks ? [byHand] : []),
    skip,
    stop,
  ]
}

function byHandChoice(run: Run, definition: Definition | undefined): StepChoice {
  return {
    ...plain,
    kind: 'by-hand',
    label: 'Run manually',
    consequence: 'You run the commands shown. The runner sends nothing, and verifies when you report it as done.',
    needsReason: true,
    needsSecondPerson: run.twoPersons && definition?.optional === undefined,
    impossible: mayTakeByHand(definition).why,
  }
}
