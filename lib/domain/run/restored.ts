import { utcMinute } from '../units'
import { type RunState, runIsOver, runStates, type StepState, stepIsBusy, stepStates } from './states'

/*
 * What becomes of runs when the store is restored from a backup. What happened between the backup and now is not in the store,
 * so nothing that was under way may go on by itself: people look at the cluster and decide.
 */

/** Runs that were under way. */
export const activeRunStates: RunState[] = runStates.filter((state) => !runIsOver(state))

/** Steps that were at work. They fail, so that a person may retry (which looks first), skip or undo them. */
export const brokenOffStepStates: StepState[] = stepStates.filter(
  (state) => stepIsBusy(state) || state === 'checking' || state === 'waiting',
)

/** Why a run waits for a person; `takenAt` is the time of the backup, ms. */
export const restoredRunSentence = (takenAt: number): string =>
  `The store was restored from a backup of ${utcMinute(takenAt)}. The cluster may have changed since; check it before you decide.`

/** Why a run waits for a person that had not passed its prerequisites. */
export const restoredPreparingSentence = (takenAt: number): string =>
  `The store was restored from a backup of ${utcMinute(takenAt)}, and prerequisites were not checked. Stop this run and start a new one.`

export const brokenOffStepSentence = 'The store was restored from a backup. What this step did since is unknown.'
export const lostOutcomeMessage = 'The store was restored from a backup that was taken before the outcome was known.'
export const withdrawnMessage = 'Not sent: the store was restored from a backup, and it may have been sent before.'
