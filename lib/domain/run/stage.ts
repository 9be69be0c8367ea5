import type { Stage } from '../procedure/types'
import { isMidEffect, latestApproval, type Run, type RunStep, undoEffect } from './run'
import { isPausable, runIsOver, type StepState, stepIsBusy, stepIsSettled, stepStates } from './states'

/** A step of the run's stage that a person must decide about. */
export const isAtRest = (state: StepState): boolean => state === 'failed' || state === 'by-hand' || state === 'undone'

/** How much a step is at work, most first: what the most active step of a stage does is what the run does. */
export const workOrder: readonly StepState[] = [
  ...(['acting', 'unknown', 'verifying', 'checking', 'undoing', 'waiting'] as const),
  ...(['failed', 'by-hand', 'undone', 'pending'] as const),
  ...stepStates.filter(stepIsSettled),
]

type Placed = Pick<RunStep, 'state' | 'stage'>

/** Steps by stages, in order. */
export function stagesOf<S extends Pick<RunStep, 'stage'>>(steps: readonly S[]): [S, ...S[]][] {
  const stages: [S, ...S[]][] = []
  for (const step of steps) {
    const last = stages.at(-1)
    if (last && step.stage && step.stage.id === last[0].stage?.id) last.push(step)
    else stages.push([step])
  }
  return stages
}

/**
 * The open steps of the stage that a run is at: that of a step in the middle of an effect, or of the first step that is
 * open. None when all are settled.
 */
export function openSteps<S extends Placed>(steps: readonly S[]): S[] {
  const open = steps.filter((step) => !stepIsSettled(step.state))
  const first = open.find((step) => stepIsBusy(step.state)) ?? open[0]
  return first?.stage ? open.filter((step) => step.stage?.id === first.stage?.id) : first ? [first] : []
}

/** The step that a run is at: of the open steps of its stage the one that is most at work. Undefined when all are settled. */
export const leadOf = <S extends Placed>(steps: readonly S[]): S | undefined =>
  openSteps(steps).toSorted((a, b) => workOrder.indexOf(a.state) - workOrder.indexOf(b.state))[0]

/** The step that people are shown first: one that needs them, or the one that is most at work. */
const shownStep = <S extends Placed>(steps: readonly S[]): S | undefined => {
  const open = openSteps(steps)
  return open.find((s) => isAtRest(s.state)) ?? open.find((s) => s.state === 'waiting') ?? leadOf(steps)
}

/** Of steps that run at the same time, those at work besides this one. */
export const atWorkBeside = <S extends Placed & { stepId: string }>(steps: readonly S[], step: S): S[] =>
  openSteps(steps).filter((s) => s.stepId !== step.stepId && s.state !== 'pending' && !isAtRest(s.state))

/** The step of this run that people are shown first: of steps that run at the same time the one that needs them most. */
export function shownStepId(run: Pick<Run, 'state' | 'currentStepId'> & { steps: readonly RunStep[] }): string | null {
  const shown = runIsOver(run.state) ? undefined : shownStep(run.steps)
  return shown?.stage ? shown.stepId : run.currentStepId
}

/** Are steps of a stage under way, or those that ask while they are not? */
export const runsAtOnce = (run: Pick<Run, 'state'> & { steps: readonly Placed[] }): boolean =>
  (run.state === 'running' || run.state === 'waiting') && openSteps(run.steps).some((step) => step.stage)

/** May people decide about a step of this run now? In a stage they need not wait until its other steps have ended. */
export const takesDecisions = (run: Pick<Run, 'state'>, step: Placed): boolean =>
  run.state === 'needs-person' || (Boolean(step.stage) && (run.state === 'running' || run.state === 'waiting'))

/** A step waits for a second person's answer: to its call, or to rolling it back. */
export function isAsking(run: Pick<Run, 'effects' | 'facts' | 'approvals'>, step: RunStep): boolean {
  if (step.state !== 'undoing') return step.state === 'waiting'
  const asked = latestApproval(run, step)
  const answered = asked?.state !== 'open' && asked?.state !== 'refused'
  return !answered && asked.requestedAt >= (step.since ?? 0) && !undoEffect(run, step)
}

/** What there is to do in a stage. */
interface StageWork {
  /** Steps to be driven now, each by itself. */
  drive: RunStep[]
  /** Where the run goes as soon as nothing is under way; null when it stays where it is. */
  next: 'pause' | 'ask' | 'answered' | 'step-failed' | 'handed' | null
}

/** What the open steps of a stage have to do, and where the run goes when nothing of it can continue by itself. */
export function stageWork(
  run: Pick<Run, 'state' | 'wish' | 'effects' | 'facts' | 'approvals'>,
  open: readonly RunStep[],
): StageWork {
  const stage = open[0]?.stage
  const asking = open.filter((step) => isAsking(run, step))
  const mid = open.filter((step) => isMidEffect(run, step))
  const back = open.filter((step) => step.state === 'undoing' && !mid.includes(step) && !asking.includes(step))
  const checking = open.filter((step) => step.state === 'checking')
  const holds = stage?.whenOneFails === 'others-hold' && open.some((s) => isAtRest(s.state) || s.state === 'undoing')
  const pending = holds ? [] : open.filter((step) => step.state === 'pending')
  if (run.state === 'running' && run.wish === 'stop') return { drive: mid, next: null }
  const waits = run.state === 'running' && run.wish === 'pause'
  const places = Math.max(stage?.atOnce ?? 1, mid.length)
  const work = [...mid, ...back, ...(waits ? [] : [...checking, ...pending])].slice(0, places)
  if (run.state === 'waiting' && work.length > 0) return { drive: [], next: 'answered' }
  if (work.length > 0) return { drive: [...work, ...(waits ? [] : asking)], next: null }
  const lead = leadOf(open)
  if (waits && lead && isPausable(lead.state)) return { drive: [], next: 'pause' }
  if (asking.length > 0) return { drive: asking, next: run.state === 'running' ? 'ask' : null }
  const byHandAlone = open.every((step) => step.state === 'by-hand' || step.state === 'pending')
  return { drive: [], next: run.state === 'running' && byHandAlone ? 'handed' : 'step-failed' }
}

/**
 * What is wrong with the stages of a procedure, in words; null when nothing is. The gate, which asks for the whole run,
 * stands alone.
 */
export function faultOfStages(steps: readonly { id: string; stage?: Stage; asks?: true }[]): string | null {
  const stages = stagesOf(steps.map((step) => ({ ...step, stage: step.stage ?? null })))
  const seen = new Set<string>()
  for (const [first, ...others] of stages) {
    const { stage } = first
    if (!stage) continue
    if (seen.has(stage.id)) return `The steps of the stage ${stage.id} are not neighbours.`
    seen.add(stage.id)
    if (others.length === 0) return `The stage ${stage.id} has one step.`
    if (!Number.isInteger(stage.atOnce) || stage.atOnce < 1) return `The stage ${stage.id} lets no step work.`
    if ([first, ...others].some((step) => step.asks)) return `The gate cannot be part of the stage ${stage.id}.`
    if (others.some((step) => JSON.stringify(step.stage) !== JSON.stringify(stage)))
      return `The steps of the stage ${stage.id} do not agree about it.`
  }
  return null
}
