import type { Effect, Run, RunStep } from './run'
import { effectOutcomes, lastEffect } from './run'
import { isAtRest, leadOf, openSteps } from './stage'
import { isPausable, type RunState, runIsOver, runStates, type StepState, stepIsSettled, stepStates } from './states'

/** Where a run is: its state, that of the step that it is at, and what became of that step's last effect. */
export interface Place {
  run: RunState
  step: StepState
  effect: EffectState
  /** It is not the step that the run is at, but an open one of the same stage. */
  beside?: true
}
const effectStates = ['none', 'open', ...effectOutcomes] as const
/** Of a step: nothing was ever intended, an intent has no outcome yet, or the last outcome. */
type EffectState = (typeof effectStates)[number]

export const effectState = (effect: Pick<Effect, 'outcome'> | undefined): EffectState =>
  effect ? (effect.outcome ?? 'open') : 'none'

/** The step that a run is at is the one of its stage that is most at work, or the last. Throws when the run has no steps. */
export function placeOf(run: Run): Place {
  const step = leadOf(run.steps) ?? run.steps.at(-1)
  if (!step) throw new Error('A run has steps')
  return place(run, step)
}

/** Where a run is, and where it is with each other open step of its stage. */
export const placesOf = (run: Run): Place[] => [
  placeOf(run),
  ...openSteps(run.steps)
    .filter((step) => step !== leadOf(run.steps))
    .map((step): Place => ({ ...place(run, step), beside: true })),
]

const place = (run: Run, step: RunStep): Place => ({
  run: run.state,
  step: step.state,
  effect: effectState(lastEffect(run, step)),
})

const isOneOf =
  <T extends string>(...states: T[]) =>
  (state: T): boolean =>
    states.includes(state)

/**
 * What can never be of one step and its effects, by name: the store refuses to commit a step that breaks one of these. In
 * everything that they leave, a runner knows how to continue.
 */
const stepRules: Record<string, (step: StepState, effect: EffectState) => boolean> = {
  pending_has_done_nothing: (step, effect) => step !== 'pending' || effect === 'none',
  open_intent_is_at_work: (step, effect) => effect !== 'open' || isOneOf<StepState>('acting', 'undoing')(step),
  acting_has_an_intent: (step, effect) => step !== 'acting' || effect !== 'none',
  unknown_has_an_unknown_outcome: (step, effect) => step !== 'unknown' || effect === 'unknown',
  already_so_changed_nothing: (step, effect) =>
    step !== 'already-so' || isOneOf<EffectState>('none', 'rejected')(effect),
  undoing_has_an_effect: (step, effect) => step !== 'undoing' || effect !== 'none',
  undone_was_sent: (step, effect) => step !== 'undone' || isOneOf<EffectState>('accepted', 'unknown')(effect),
}

/** What can never be of an active run and the step that it is at. */
const runRules: Record<string, (run: RunState, step: StepState, effect: EffectState) => boolean> = {
  preparing_has_begun_nothing: (run, step) => run !== 'preparing' || step === 'pending',
  waiting_has_asked: (run, step) => run !== 'waiting' || isOneOf<StepState>('waiting', 'undoing', 'failed')(step),
  open_intent_is_driven: (run, _step, effect) => effect !== 'open' || run === 'running',
  paused_has_not_acted: (run, step) => run !== 'paused' || isPausable(step),
  needs_person_is_at_rest: (run, step) =>
    run !== 'needs-person' || stepIsSettled(step) || isOneOf<StepState>('failed', 'by-hand', 'undone')(step),
}

/** What can never be of an active run and another open step of the stage that it is at. */
const besideRules: Record<string, (run: RunState, step: StepState, effect: EffectState) => boolean> = {
  beside_open_intent_is_driven: (run, _step, effect) => effect !== 'open' || run === 'running',
  beside_preparing_has_begun_nothing: (run, step) => run !== 'preparing' || step === 'pending',
  beside_waiting_is_at_rest: (run, step) =>
    run !== 'waiting' || isAtRest(step) || isOneOf<StepState>('waiting', 'undoing', 'pending')(step),
  beside_paused_has_not_acted: (run, step) => run !== 'paused' || isPausable(step) || isAtRest(step),
  beside_needs_person_is_at_rest: (run, step) => run !== 'needs-person' || isAtRest(step) || step === 'pending',
}

/** The name of the rule that a step breaks with its last effect, or null. */
const brokenStepRule = (step: StepState, effect: EffectState): string | null =>
  Object.entries(stepRules).find(([, holds]) => !holds(step, effect))?.[0] ?? null

/** The name of the rule that is broken by a run being here, or null. Of a run that is over only its steps count. */
export const brokenRule = ({ run, step, effect, beside }: Place): string | null =>
  brokenStepRule(step, effect) ??
  (runIsOver(run)
    ? null
    : (Object.entries(beside ? besideRules : runRules).find(([, holds]) => !holds(run, step, effect))?.[0] ?? null))

/** Every combination, possible or not, of a run and the step that it is at. */
export const allPlaces: readonly Place[] = runStates.flatMap((run) =>
  stepStates.flatMap((step) => effectStates.map((effect) => ({ run, step, effect }))),
)

/** The same of a run and another open step of its stage. */
export const allPlacesBeside: readonly Place[] = allPlaces
  .filter(({ step }) => !stepIsSettled(step))
  .map((place) => ({ ...place, beside: true }))
