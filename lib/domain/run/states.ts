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
  | 'do-again'
  | 'not-allowed'
  | 'broke-off'

interface Transition<State, Event> {
  from: State
  event: Event
  to: State
  /** What people read. */
  says: string
}

/** Every way in which a step may move; what is not listed is refused. */
export const stepTransitions: readonly Transition<StepState, StepEvent>[] = [
  { from: 'pending', event: 'begin', to: 'checking', says: 'Checking the situation before acting.' },
  { from: 'checking', event: 'found-done', to: 'verifying', says: 'Already done; verifying without acting.' },
  {
    from: 'checking',
    event: 'found-in-flight',
    to: 'verifying',
    says: 'Already in progress; verifying.',
  },
  { from: 'checking', event: 'needs-approval', to: 'waiting', says: 'Waiting for approval by a second person.' },
  { from: 'checking', event: 'refused', to: 'failed', says: 'The situation does not allow this step.' },
  { from: 'checking', event: 'act', to: 'acting', says: 'Intent recorded; acting.' },
  { from: 'checking', event: 'rehearsed', to: 'skipped', says: 'Dry run: shown, not done.' },
  { from: 'waiting', event: 'approved', to: 'checking', says: 'Approved; checking once more before acting.' },
  {
    from: 'waiting',
    event: 'needs-approval',
    to: 'waiting',
    says: 'The request changed or expired; approval is requested again.',
  },
  { from: 'waiting', event: 'approval-refused', to: 'failed', says: 'The second person refused.' },
  { from: 'waiting', event: 'skip', to: 'skipped', says: 'Skipped by a person, with a reason.' },
  { from: 'acting', event: 'accepted', to: 'verifying', says: 'Accepted; verifying.' },
  { from: 'acting', event: 'rejected', to: 'failed', says: 'Refused by the other side; nothing was changed.' },
  {
    from: 'acting',
    event: 'put-off',
    to: 'checking',
    says: 'The other side is too busy and changed nothing; retrying after a pause.',
  },
  {
    from: 'acting',
    event: 'lost',
    to: 'unknown',
    says: 'The outcome is unknown; checking what happened first.',
  },
  { from: 'unknown', event: 'found-done', to: 'verifying', says: 'It did happen; verifying.' },
  {
    from: 'unknown',
    event: 'found-in-flight',
    to: 'verifying',
    says: 'It did happen and is in progress; verifying.',
  },
  {
    from: 'unknown',
    event: 'settled',
    to: 'checking',
    says: 'The runner was lost before it acted, and nothing happened; retrying.',
  },
  {
    from: 'unknown',
    event: 'unchanged',
    to: 'failed',
    says: 'Nothing happened in the allowed time; a person decides.',
  },
  { from: 'unknown', event: 'refused', to: 'failed', says: 'The situation does not fit this step; a person decides.' },
  { from: 'verifying', event: 'proved', to: 'confirmed', says: 'Confirmed: a probe saw the effect.' },
  {
    from: 'verifying',
    event: 'proved-untouched',
    to: 'already-so',
    says: 'Already done: verified, and nothing was changed.',
  },
  { from: 'verifying', event: 'disproved', to: 'failed', says: 'Verification failed.' },
  { from: 'failed', event: 'retry', to: 'checking', says: 'Retrying, checking the situation first.' },
  { from: 'failed', event: 'skip', to: 'skipped', says: 'Skipped by a person, with a reason.' },
  { from: 'failed', event: 'undo', to: 'undoing', says: 'Rolling back what this step changed.' },
  { from: 'confirmed', event: 'undo', to: 'undoing', says: 'Rolling back what this step changed.' },
  { from: 'undoing', event: 'undo-proved', to: 'undone', says: 'Rolled back: a probe saw the former state.' },
  { from: 'undoing', event: 'undo-failed', to: 'failed', says: 'The rollback failed; a person decides.' },
  {
    from: 'pending',
    event: 'by-hand',
    to: 'by-hand',
    says: 'A person does it manually; the runner verifies it afterwards.',
  },
  {
    from: 'failed',
    event: 'by-hand',
    to: 'by-hand',
    says: 'A person does it manually; the runner verifies it afterwards.',
  },
  {
    from: 'undone',
    event: 'by-hand',
    to: 'by-hand',
    says: 'A person does it manually; the runner verifies it afterwards.',
  },
  { from: 'by-hand', event: 'hand-done', to: 'verifying', says: 'Reported as done manually; verifying.' },
  {
    from: 'by-hand',
    event: 'retry',
    to: 'checking',
    says: 'The runner takes over again, checking the situation first.',
  },
  { from: 'by-hand', event: 'skip', to: 'skipped', says: 'Skipped by a person, with a reason.' },
  {
    from: 'confirmed',
    event: 'revise',
    to: 'checking',
    says: 'Started again by a person, checking the situation first.',
  },
  {
    from: 'already-so',
    event: 'revise',
    to: 'checking',
    says: 'Started again by a person, checking the situation first.',
  },
  ...(['confirmed', 'already-so'] as const).map((from) => ({
    from,
    event: 'do-again' as const,
    to: 'checking' as const,
    says: 'What this step verified has changed; doing it again.',
  })),
  { from: 'failed', event: 'revise', to: 'checking', says: 'Started again by a person, checking the situation first.' },
  { from: 'skipped', event: 'not-allowed', to: 'failed', says: 'The decision was not permitted; a person decides.' },
  { from: 'by-hand', event: 'not-allowed', to: 'failed', says: 'The decision was not permitted; a person decides.' },
  ...(['pending', 'checking', 'waiting', 'unknown', 'verifying', 'undoing'] as const).map((from) => ({
    from,
    event: 'broke-off' as const,
    to: 'failed' as const,
    says: 'The runner cannot continue this step; a person decides.',
  })),
  { from: 'undone', event: 'retry', to: 'checking', says: 'Retrying, checking the situation first.' },
  { from: 'undone', event: 'skip', to: 'skipped', says: 'Skipped by a person, with a reason.' },
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
  { from: 'preparing', event: 'ready', to: 'running', says: 'Prerequisites passed.' },
  { from: 'preparing', event: 'blocked', to: 'aborted', says: 'A prerequisite failed; nothing was changed.' },
  { from: 'preparing', event: 'stop', to: 'aborted', says: 'Stopped before anything was changed.' },
  { from: 'running', event: 'ask', to: 'waiting', says: 'Waiting for approval by a second person.' },
  { from: 'running', event: 'pause', to: 'paused', says: 'Paused by a person at a safe point.' },
  {
    from: 'running',
    event: 'step-failed',
    to: 'needs-person',
    says: 'A step failed; a person decides how to continue.',
  },
  {
    from: 'running',
    event: 'handed',
    to: 'needs-person',
    says: 'A person does a step manually; it is verified afterwards.',
  },
  {
    from: 'running',
    event: 'drifted',
    to: 'needs-person',
    says: 'The procedure changed during this run.',
  },
  { from: 'running', event: 'stop', to: 'stopped', says: 'Stopped at a safe point.' },
  { from: 'running', event: 'finish', to: 'done', says: 'All steps verified or skipped.' },
  { from: 'waiting', event: 'answered', to: 'running', says: 'Answered; continuing.' },
  {
    from: 'waiting',
    event: 'step-failed',
    to: 'needs-person',
    says: 'The second person refused; a person decides how to continue.',
  },
  {
    from: 'waiting',
    event: 'drifted',
    to: 'needs-person',
    says: 'The procedure changed during this run.',
  },
  { from: 'waiting', event: 'decided', to: 'running', says: 'A person decided; the run continues.' },
  { from: 'waiting', event: 'stop', to: 'stopped', says: 'Stopped at a safe point.' },
  { from: 'paused', event: 'resume', to: 'running', says: 'Continued, checking the situation first.' },
  { from: 'paused', event: 'stop', to: 'stopped', says: 'Stopped at a safe point.' },
  { from: 'needs-person', event: 'decided', to: 'running', says: 'A person decided; the run continues.' },
  {
    from: 'needs-person',
    event: 'resume',
    to: 'running',
    says: 'Continued by a person, checking the situation first.',
  },
  { from: 'needs-person', event: 'stop', to: 'stopped', says: 'Stopped at a safe point.' },
]

export const runIsOver = (state: RunState): boolean => state === 'stopped' || state === 'done' || state === 'aborted'
/** States that let the run go on to the next step. */
export const stepIsSettled = (state: StepState): boolean =>
  state === 'confirmed' || state === 'already-so' || state === 'skipped'
/** Mid-effect: a stop or a pause waits until these have ended. */
export const stepIsBusy = (state: StepState): boolean =>
  state === 'acting' || state === 'unknown' || state === 'verifying' || state === 'undoing'

/** Before the next effect: a pause takes hold here. A step that ended otherwise asks a person first. */
export const isPausable = (state: StepState): boolean =>
  state === 'pending' || state === 'checking' || state === 'waiting'

/** Where an event leads, or null when it is not allowed from there. */
function move<State extends string, Event extends string>(
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
