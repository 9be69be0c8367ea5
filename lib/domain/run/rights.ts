import { countedAttempts, type Run, type RunStep } from './run'
import { attemptCap, stepIsSettled } from './states'

/** May this be done, and if not, why: the same rule for the command that refuses and the button that is greyed. */
export type Right = { allowed: true; why: null } | { allowed: false; why: string }

const allowed: Right = { allowed: true, why: null }
const refused = (why: string): Right => ({ allowed: false, why })

/** How many attempts at this step's effect are left; those that were certainly refused do not count. */
export const attemptsLeft = (run: Pick<Run, 'effects'>, step: Pick<RunStep, 'stepId' | 'attempts'>): number =>
  attemptCap - countedAttempts(run, step)

/** May this step be tried again, as far as its attempts go? */
export function mayRetry(run: Pick<Run, 'effects'>, step: Pick<RunStep, 'stepId' | 'attempts'>): Right {
  return attemptsLeft(run, step) > 0
    ? allowed
    : refused(`This step was tried ${countedAttempts(run, step)} times; more needs a new run.`)
}

/** May the run be continued as it is: paused, about to pause, or asking a person while no step awaits a decision? */
export function mayResume(run: Pick<Run, 'state' | 'wish'> & { steps: Pick<RunStep, 'state'>[] }): Right {
  if (run.state === 'paused' || (run.wish === 'pause' && run.state !== 'needs-person')) return allowed
  if (run.state !== 'needs-person') return refused('The run is not paused.')
  return run.steps.every((step) => stepIsSettled(step.state) || step.state === 'pending')
    ? allowed
    : refused('A step needs a decision first.')
}

/** May this step be rolled back, as far as it can be and has changed anything? */
export function mayUndo(step: Pick<RunStep, 'state' | 'touched'>, hasWayBack: boolean): Right {
  if (!hasWayBack) return refused('This step cannot be rolled back.')
  if (!step.touched) return refused('This step changed nothing, so there is nothing to roll back.')
  return step.state === 'undone' ? refused('It was rolled back already.') : allowed
}
