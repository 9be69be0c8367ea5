import type { EffectClass } from '../procedure/types'

/** The states of a step. It is green only in `confirmed` and `already-so`, and both are reached from `verifying` alone. */
export const stepStates = [
  'pending',
  'checking',
  'waiting',
  'acting',
  'unknown',
  'verifying',
  'confirmed',
  'already-so',
  'failed',
  'by-hand',
  'skipped',
  'undoing',
  'undone',
] as const
export type StepState = (typeof stepStates)[number]

export type StepEvent =
  | 'begin'
  | 'found-done'
  | 'found-in-flight'
  | 'needs-approval'
  | 'approved'
  | 'approval-refused'
  | 'refused'
  | 'act'
  | 'rehearsed'
  | 'accepted'
  | 'rejected'
  | 'put-off'
  | 'lost'
  | 'unchanged'
  | 'settled'
  | 'proved'
  | 'proved-untouched'
  | 'disproved'
  | 'retry'
  | 'skip'
  | 'undo'
  | 'undo-proved'
  | 'undo-failed'
  | 'by-hand'
  | 'hand-done'
  | 'revise'
  | 'not-allowed'

export interface Transition<State, Event> {
  from: State
  event: Event
  to: State
  /** What people read. */
  says: string
}

/** Every way in which a step may move; what is not listed is refused. */
export const stepTransitions: readonly Transition<StepState, StepEvent>[] = [
  { from: 'pending', event: 'begin', to: 'checking', says: 'Looks at how things are before doing anything.' },
  { from: 'checking', event: 'found-done', to: 'verifying', says: 'It is so already; proves it without acting.' },
  {
    from: 'checking',
    event: 'found-in-flight',
    to: 'verifying',
    says: 'It is under way already; waits for its proof.',
  },
  { from: 'checking', event: 'needs-approval', to: 'waiting', says: 'Waits for a second person.' },
  { from: 'checking', event: 'refused', to: 'failed', says: 'What was found does not allow this step.' },
  { from: 'checking', event: 'act', to: 'acting', says: 'The intent is written; acts.' },
  { from: 'checking', event: 'rehearsed', to: 'skipped', says: 'Dry run: shown, not done.' },
  { from: 'waiting', event: 'approved', to: 'checking', says: 'Approved; looks once more before acting.' },
  {
    from: 'waiting',
    event: 'needs-approval',
    to: 'waiting',
    says: 'What was shown has changed or expired; asks again.',
  },
  { from: 'waiting', event: 'approval-refused', to: 'failed', says: 'The second person refused.' },
  { from: 'waiting', event: 'skip', to: 'skipped', says: 'Skipped by decision, with a reason.' },
  { from: 'acting', event: 'accepted', to: 'verifying', says: 'Accepted; that is not proof yet.' },
  { from: 'acting', event: 'rejected', to: 'failed', says: 'Refused by the other side; nothing was changed.' },
  {
    from: 'acting',
    event: 'put-off',
    to: 'checking',
    says: 'The other side is too busy and changed nothing; tries again after a while, looking first.',
  },
  {
    from: 'acting',
    event: 'lost',
    to: 'unknown',
    says: 'Nobody knows whether it happened; looks before anything else.',
  },
  { from: 'unknown', event: 'found-done', to: 'verifying', says: 'It did happen; proves it.' },
  {
    from: 'unknown',
    event: 'found-in-flight',
    to: 'verifying',
    says: 'It did happen and is under way; waits for its proof.',
  },
  {
    from: 'unknown',
    event: 'settled',
    to: 'checking',
    says: 'The runner was lost before it acted, and nothing happened; tries again.',
  },
  { from: 'unknown', event: 'unchanged', to: 'failed', says: 'Nothing happened in the time given; a person decides.' },
  { from: 'unknown', event: 'refused', to: 'failed', says: 'What was found does not fit this step; a person decides.' },
  { from: 'verifying', event: 'proved', to: 'confirmed', says: 'Confirmed: a probe saw the effect.' },
  { from: 'verifying', event: 'proved-untouched', to: 'already-so', says: 'Already so: proved, and nothing was done.' },
  { from: 'verifying', event: 'disproved', to: 'failed', says: 'The proof did not come.' },
  { from: 'failed', event: 'retry', to: 'checking', says: 'Tries again, looking first.' },
  { from: 'failed', event: 'skip', to: 'skipped', says: 'Skipped by decision, with a reason.' },
  { from: 'failed', event: 'undo', to: 'undoing', says: 'Puts back what this step changed.' },
  { from: 'confirmed', event: 'undo', to: 'undoing', says: 'Puts back what this step changed.' },
  { from: 'undoing', event: 'undo-proved', to: 'undone', says: 'Undone: a probe saw the former state.' },
  { from: 'undoing', event: 'undo-failed', to: 'failed', says: 'Putting it back failed; a person decides.' },
  {
    from: 'pending',
    event: 'by-hand',
    to: 'by-hand',
    says: 'A person does it by hand; the runner proves it afterwards.',
  },
  {
    from: 'failed',
    event: 'by-hand',
    to: 'by-hand',
    says: 'A person does it by hand; the runner proves it afterwards.',
  },
  {
    from: 'undone',
    event: 'by-hand',
    to: 'by-hand',
    says: 'A person does it by hand; the runner proves it afterwards.',
  },
  { from: 'by-hand', event: 'hand-done', to: 'verifying', says: 'Said to be done by hand; looks for the proof.' },
  { from: 'by-hand', event: 'retry', to: 'checking', says: 'The runner takes it back, looking first.' },
  { from: 'by-hand', event: 'skip', to: 'skipped', says: 'Skipped by decision, with a reason.' },
  { from: 'confirmed', event: 'revise', to: 'checking', says: 'Begun anew by decision, looking first.' },
  { from: 'already-so', event: 'revise', to: 'checking', says: 'Begun anew by decision, looking first.' },
  { from: 'failed', event: 'revise', to: 'checking', says: 'Begun anew by decision, looking first.' },
  { from: 'skipped', event: 'not-allowed', to: 'failed', says: 'Whoever decided this may not; a person decides.' },
  { from: 'by-hand', event: 'not-allowed', to: 'failed', says: 'Whoever decided this may not; a person decides.' },
  { from: 'undone', event: 'retry', to: 'checking', says: 'Tries again, looking first.' },
  { from: 'undone', event: 'skip', to: 'skipped', says: 'Skipped by decision, with a reason.' },
]

export const runStates = [
  'preparing',
  'running',
  'waiting',
  'paused',
  'needs-person',
  'stopped',
  'done',
  'aborted',
] as const
export type RunState = (typeof runStates)[number]
export type RunEvent =
  | 'ready'
  | 'blocked'
  | 'ask'
  | 'answered'
  | 'pause'
  | 'resume'
  | 'step-failed'
  | 'handed'
  | 'drifted'
  | 'decided'
  | 'stop'
  | 'finish'

export const runTransitions: readonly Transition<RunState, RunEvent>[] = [
  { from: 'preparing', event: 'ready', to: 'running', says: 'The prerequisites hold; the run goes on.' },
  { from: 'preparing', event: 'blocked', to: 'aborted', says: 'A prerequisite does not hold; nothing was changed.' },
  { from: 'preparing', event: 'stop', to: 'aborted', says: 'Stopped before anything was changed.' },
  { from: 'running', event: 'ask', to: 'waiting', says: 'Waits for a second person.' },
  { from: 'running', event: 'pause', to: 'paused', says: 'Paused by a person at a safe point.' },
  { from: 'running', event: 'step-failed', to: 'needs-person', says: 'A step failed; a person decides how to go on.' },
  {
    from: 'running',
    event: 'handed',
    to: 'needs-person',
    says: 'A person does a step by hand; its proof comes after.',
  },
  {
    from: 'running',
    event: 'drifted',
    to: 'needs-person',
    says: 'The procedure was changed while this run was under way.',
  },
  { from: 'running', event: 'stop', to: 'stopped', says: 'Stopped at a safe point.' },
  { from: 'running', event: 'finish', to: 'done', says: 'Every step is proved, or was skipped by decision.' },
  { from: 'waiting', event: 'answered', to: 'running', says: 'The answer is here; the run goes on.' },
  {
    from: 'waiting',
    event: 'step-failed',
    to: 'needs-person',
    says: 'The second person refused; a person decides how to go on.',
  },
  {
    from: 'waiting',
    event: 'drifted',
    to: 'needs-person',
    says: 'The procedure was changed while this run was under way.',
  },
  { from: 'waiting', event: 'stop', to: 'stopped', says: 'Stopped at a safe point.' },
  { from: 'paused', event: 'resume', to: 'running', says: 'Goes on, looking at how things are first.' },
  { from: 'paused', event: 'stop', to: 'stopped', says: 'Stopped at a safe point.' },
  { from: 'needs-person', event: 'decided', to: 'running', says: 'A person decided; the run goes on.' },
  { from: 'needs-person', event: 'stop', to: 'stopped', says: 'Stopped at a safe point.' },
]

export const runIsOver = (state: RunState): boolean => state === 'stopped' || state === 'done' || state === 'aborted'
/** States that let the run go on to the next step. */
export const stepIsSettled = (state: StepState): boolean =>
  state === 'confirmed' || state === 'already-so' || state === 'skipped'
/** Mid-effect: a stop or a pause waits until these have ended. */
export const stepIsBusy = (state: StepState): boolean =>
  state === 'acting' || state === 'unknown' || state === 'verifying' || state === 'undoing'

/** Where an event leads, or null when it is not allowed from there. */
export function move<State extends string, Event extends string>(
  rows: readonly Transition<State, Event>[],
  from: State,
  event: Event,
): Transition<State, Event> | null {
  return rows.find((row) => row.from === from && row.event === event) ?? null
}

export const nextStep = (from: StepState, event: StepEvent) => move(stepTransitions, from, event)
export const nextRun = (from: RunState, event: RunEvent) => move(runTransitions, from, event)

/** Attempts at one step's effect in one run that may have changed something; more need a new run. */
export const attemptCap = 5
/** Steps that change what cannot be changed back need a person's yes to exactly what was shown. */
export const needsApproval = (effect: EffectClass): boolean => effect === 'DANGEROUS'
