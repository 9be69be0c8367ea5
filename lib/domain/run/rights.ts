import { type Permission, type Role, roleRight } from '../people/permissions'
import { allowed, every, notAllowed, notNow, type Right, when } from '../right'
import { askedFor } from './approval-rule'
import { countedAttempts, type Run, type RunStep } from './run'
import { isAtRest, takesDecisions } from './stage'
import { attemptCap, nextStep, runIsOver, type StepEvent, stepIsBusy, stepIsSettled } from './states'

/** What people may do with a run. */
export type RunAct =
  | 'pause'
  | 'resume'
  | 'stop'
  | 'retry'
  | 'undo'
  | 'skip'
  /** Make another outcome the run's own: another writer, a new baseline. */
  | 'revise'
  /** Do a step manually. */
  | 'by-hand'
  | 'hand-done'
  | 'wait'
  /** Answer what a step asks a person. */
  | 'answer'
  | 'approve'
  | 'refuse'
  | 'break-glass'
  /** Say of an open item of a finished run that it is done, or that it is accepted as it is. */
  | 'settle'
  | 'accept'
  | 'note'

/** Who wants to act on which run, and what the answer depends on besides. */
export interface RunQuestion {
  run: Pick<Run, 'state' | 'wish' | 'startedBy' | 'approvals'> & { steps: Pick<RunStep, 'state' | 'stage'>[] }
  person: { id: string; role: Role }
  /** The run can go without the step that is decided, by the procedure's own words. */
  optional: boolean
  /** Why this person is no second person, in a sentence, for what is decided about the run and for the open request. */
  notSecond: { decide: string | null; approve: string | null }
  /** The environment's policy allows one person to act alone. */
  breakGlass: boolean
}

/** How many attempts at this step's effect are left; those that were certainly refused do not count. */
export const attemptsLeft = (run: Pick<Run, 'effects'>, step: Pick<RunStep, 'stepId' | 'attempts'>): number =>
  attemptCap - countedAttempts(run, step)

/** May this step be tried again, as far as its attempts go? */
export const mayRetry = (run: Pick<Run, 'effects'>, step: Pick<RunStep, 'stepId' | 'attempts'>): Right =>
  when(
    attemptsLeft(run, step) > 0,
    `This step was tried ${countedAttempts(run, step)} times. More attempts need a new run.`,
  )

/** May this step be rolled back, as far as it can be and has changed anything? */
export const mayUndo = (step: Pick<RunStep, 'state' | 'touched'>, hasWayBack: boolean): Right =>
  every(
    when(hasWayBack, 'This step cannot be rolled back.'),
    when(step.touched, 'This step changed nothing, so there is nothing to roll back.'),
    when(step.state !== 'undone', 'This step was rolled back already.'),
  )

/** Can this step be done manually: has it commands, and are they not a question to a person? */
export const mayTakeByHand = (definition: { call?: unknown; asks?: boolean } | undefined): Right =>
  when(definition?.call !== undefined && !definition.asks, 'There is nothing to do manually in this step.')

/** Is the step where this decision about it leads anywhere, by the state table? */
export const mayDecide = (step: Pick<RunStep, 'state'>, event: StepEvent): Right =>
  when(nextStep(step.state, event) !== null, 'The step has moved on. Reload and decide again.')

/** May the run be continued as it is: paused, about to pause, or asking a person while no step awaits a decision? */
function mayResume(run: RunQuestion['run']): Right {
  if (run.state === 'paused' || (run.wish === 'pause' && run.state !== 'needs-person')) return allowed
  if (run.state !== 'needs-person') return notNow('The run is not paused.')
  return when(
    run.steps.every((step) => stepIsSettled(step.state) || step.state === 'pending'),
    'A step needs a decision first.',
  )
}

const active = ({ run }: RunQuestion): Right => when(!runIsOver(run.state), 'This run is over.')
const needs = ({ person }: RunQuestion, permission: Permission): Right => roleRight(person.role, permission)
/** A step of the run waits for a person's decision; of a stage also while its other steps go on. */
const undecided = ({ run }: RunQuestion): Right =>
  when(
    run.state === 'needs-person' || run.steps.some((step) => isAtRest(step.state) && takesDecisions(run, step)),
    'No step needs a decision.',
  )
const second = (why: string | null): Right => (why === null ? allowed : notAllowed(why))
const requested = ({ run }: RunQuestion): Right =>
  when(
    run.approvals.some((approval) => approval.state === 'open'),
    'No approval is requested.',
  )

const rules: Record<RunAct, (q: RunQuestion) => Right> = {
  pause: (q) =>
    every(
      needs(q, 'run'),
      active(q),
      // Also before the first step and while people decide: the pause begins at the next safe point.
      when(
        q.run.wish === null && ['preparing', 'running', 'waiting'].includes(q.run.state),
        q.run.wish === null
          ? 'Nothing is running that could be paused.'
          : `The run has already been asked to ${q.run.wish}.`,
      ),
    ),
  resume: (q) => every(needs(q, 'run'), active(q), mayResume(q.run)),
  stop: (q) =>
    every(
      needs(q, 'run'),
      active(q),
      when(
        q.run.wish !== 'stop',
        q.run.steps.some((step) => stepIsBusy(step.state))
          ? 'The run stops as soon as the current effect has ended.'
          : 'The run is stopping.',
      ),
    ),
  retry: (q) => every(needs(q, 'run'), active(q), undecided(q)),
  undo: (q) => every(needs(q, 'command'), active(q), undecided(q)),
  skip: (q) =>
    every(
      needs(q, q.optional ? 'run' : 'command'),
      active(q),
      undecided(q),
      q.optional ? allowed : second(q.notSecond.decide),
    ),
  revise: (q) => every(needs(q, 'command'), active(q), undecided(q)),
  'by-hand': (q) =>
    every(
      needs(q, 'command'),
      active(q),
      q.run.state === 'paused' ? allowed : undecided(q),
      q.optional ? allowed : second(q.notSecond.decide),
    ),
  'hand-done': (q) => every(needs(q, 'run'), active(q), undecided(q)),
  wait: (q) => every(needs(q, 'run'), active(q), when(q.run.state === 'running', 'Nothing is waiting.')),
  answer: (q) => every(needs(q, 'command'), active(q)),
  settle: (q) => every(needs(q, 'run'), over(q)),
  accept: (q) => every(needs(q, 'command'), over(q)),
  approve: (q) => every(needs(q, 'approve'), active(q), requested(q), second(q.notSecond.approve)),
  // Whoever asked may withdraw the request, whatever their role.
  refuse: (q) => every(asks(q) ? allowed : needs(q, 'approve'), active(q), requested(q)),
  'break-glass': (q) =>
    every(
      needs(q, 'break-glass'),
      q.breakGlass ? allowed : notAllowed('Break-glass is disabled here. A second person must approve.'),
      active(q),
      requested(q),
    ),
  note: (q) => needs(q, 'note'),
}

const over = ({ run }: RunQuestion): Right => when(runIsOver(run.state), 'Open items are known when the run has ended.')
const asks = ({ run, person }: RunQuestion): boolean => {
  const open = run.approvals.find((approval) => approval.state === 'open')
  return open !== undefined && askedFor(run, open) === person.id
}

/** May this person do that with this run now? Asked by the command, by the screen and over the wire. */
export const runRight = (act: RunAct, question: RunQuestion): Right => rules[act](question)

/** All of them, for a screen. */
export const runRights = (question: RunQuestion): Record<RunAct, Right> => ({
  pause: runRight('pause', question),
  resume: runRight('resume', question),
  stop: runRight('stop', question),
  retry: runRight('retry', question),
  undo: runRight('undo', question),
  skip: runRight('skip', question),
  revise: runRight('revise', question),
  'by-hand': runRight('by-hand', question),
  'hand-done': runRight('hand-done', question),
  wait: runRight('wait', question),
  answer: runRight('answer', question),
  approve: runRight('approve', question),
  refuse: runRight('refuse', question),
  'break-glass': runRight('break-glass', question),
  settle: runRight('settle', question),
  accept: runRight('accept', question),
  note: runRight('note', question),
})
