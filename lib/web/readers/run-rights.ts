import type { Role } from '../../domain/people/permissions'
import { may, roleNeededFor } from '../../domain/people/permissions'
import type { EffectClass } from '../../domain/procedure/types'
import { askedFor } from '../../domain/run/approval-rule'
import { attemptsLeft, mayResume, mayRetry, mayUndo } from '../../domain/run/rights'
import type { Run } from '../../domain/run/run'
import { attemptCap, runIsOver, stepIsBusy, stepIsSettled } from '../../domain/run/states'
import type { RunRights, StepChoice } from '../../domain/run/view'
import type { AnyStep, Revision } from '../../procedures/contract'
import { revisionsOf } from '../../procedures/revising'

type Definition = Partial<Pick<AnyStep, 'optional' | 'call' | 'asks' | 'revisions'>> & {
  undo?: { effect?: EffectClass }
}
const plain = { needsReason: false, needsSecondPerson: false, impossible: null, subject: null }

/**
 * What a person may choose at this step, each with what follows from it, or why it cannot be: after a failure, while somebody
 * does it by hand, and before it begins while the run is paused.
 */
export function choices(run: Run, step: Run['steps'][number], definition: Definition | undefined): StepChoice[] {
  const byHand = byHandChoice(run, definition)
  const next = run.steps.find((s) => !stepIsSettled(s.state))
  if (run.state === 'paused' && step.state === 'pending' && next?.stepId === step.stepId && !byHand.impossible)
    return [byHand]
  if (run.state !== 'needs-person' || run.currentStepId !== step.stepId) return []
  const skip: StepChoice = {
    ...plain,
    kind: 'skip',
    label: 'Skip with a reason',
    consequence: definition?.optional ?? 'The run goes on without it, and what depends on it stays unproved.',
    needsReason: true,
    needsSecondPerson: run.twoPersons && definition?.optional === undefined,
  }
  const stop: StepChoice = {
    ...plain,
    kind: 'stop',
    label: 'Stop here',
    consequence: 'Ends the run. What was done stays as it is; what is left needs a new run.',
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
        label: 'It is done, prove it',
        consequence: 'Sends nothing; looks until the proof is there, and asks again when it does not come.',
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
    ...revised('baseline'),
    {
      ...plain,
      kind: 'undo',
      label: 'Roll back',
      consequence: 'Restores what this step changed and verifies it; then asks again how to continue.',
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
    label: 'Do it by hand',
    consequence:
      'You do it yourself by the commands shown. The runner sends nothing, and proves it when you say that it is done.',
    needsReason: true,
    needsSecondPerson: run.twoPersons && definition?.optional === undefined,
    impossible: definition?.call && !definition.asks ? null : 'There is nothing to do by hand in this step.',
  }
}

/** The same rules as the commands', told beforehand; the commands and the store have the last word. */
export function rightsOf(
  run: Run,
  person: { id: string; role: Role },
  environment: { policy: { breakGlass: boolean } },
  /** The step that the run is at may be left out by whoever runs it. */
  optional: boolean,
  /** Why this person is no second person, in a sentence, for what is decided about the run and for the open request. */
  notSecond: { decide: string | null; approve: string | null },
): RunRights {
  const over = runIsOver(run.state)
  const right = (permission: Parameters<typeof may>[1], when: boolean, whyNot: string) =>
    over
      ? { allowed: false, why: 'This run is over.' }
      : !may(person.role, permission)
        ? { allowed: false, why: `This needs the role ${roleNeededFor(permission)}.` }
        : when
          ? { allowed: true, why: null }
          : { allowed: false, why: whyNot }
  const afterwards = (permission: Parameters<typeof may>[1]) =>
    !may(person.role, permission)
      ? { allowed: false, why: `This needs the role ${roleNeededFor(permission)}.` }
      : over
        ? { allowed: true, why: null }
        : { allowed: false, why: 'What the run owes is known when it ends.' }
  const open = run.approvals.find((approval) => approval.state === 'open')
  const asked = open !== undefined
  const decide = run.state === 'needs-person'
  const busy = run.steps.some((step) => stepIsBusy(step.state))
  return {
    pause: right('run', run.state === 'running' && run.wish === null, 'Nothing is running.'),
    resume: right('run', mayResume(run).allowed, mayResume(run).why ?? ''),
    stop: right(
      'run',
      run.wish !== 'stop',
      busy ? 'It stops as soon as the effect under way has ended.' : 'It is stopping.',
    ),
    retry: right('run', decide, 'No step waits for a decision.'),
    undo: right('command', decide, 'No step waits for a decision.'),
    skip: right(
      optional ? 'run' : 'command',
      decide && (optional || notSecond.decide === null),
      notSecond.decide ?? 'No step waits for a decision.',
    ),
    revise: right('command', decide, 'No step waits for a decision.'),
    'by-hand': right(
      'command',
      (decide || run.state === 'paused') && (optional || notSecond.decide === null),
      notSecond.decide ?? 'No step waits for a decision.',
    ),
    'hand-done': right('run', decide, 'Nobody does a step by hand.'),
    wait: right('run', run.state === 'running', 'Nothing waits.'),
    settle: afterwards('run'),
    accept: afterwards('command'),
    approve: right('approve', asked && notSecond.approve === null, notSecond.approve ?? 'No approval is requested.'),
    refuse:
      open && askedFor(run, open) === person.id && !over
        ? { allowed: true, why: null }
        : right('approve', asked, 'Nothing is asked.'),
    note: may(person.role, 'note')
      ? { allowed: true, why: null }
      : { allowed: false, why: `This needs the role ${roleNeededFor('note')}.` },
    'break-glass': right(
      'break-glass',
      asked && environment.policy.breakGlass,
      'Breaking glass is not allowed in this environment.',
    ),
  }
}
