import type { Permission } from '../people/permissions'
import type { PersonRef } from '../people/person'
import type { JsonValue } from '../procedure/canonical'
import type { StepEvent } from './states'

/*
 * What a person decided about a run under way, and how long it waits. Both stand in the run's facts, under names that no
 * procedure uses: whoever drives the run next goes by them.
 */

type Facts = { [name: string]: JsonValue }

/** The latest decision that let a run go on. The runner looks at the right behind it again, in its own hand, before it acts. */
export type Decision = {
  event: 'retry' | 'undo' | 'skip' | 'resume' | 'revise' | 'by-hand' | 'hand-done'
  /** Null for the run as a whole. */
  stepId: string | null
  by: PersonRef
  /** What it takes to decide this. */
  permission: Permission
  /** The step's attempts when it was decided: effects with a higher number follow from it. */
  attempts: number
  /** The runner has looked, and the right was there. */
  checked: boolean
  /** What the decision overwrote, put back when the right was not there. */
  former?: Facts
}

/**
 * The events by which people move a step, what each takes, and whether it is for a second person in a two-person run. A step
 * that the run can go without is left out by anybody who may run, and done manually without a second person.
 */
export const stepDecisionRights: Readonly<
  Partial<Record<StepEvent, { permission: Permission; secondPerson: boolean }>>
> = {
  retry: { permission: 'run', secondPerson: false },
  skip: { permission: 'command', secondPerson: true },
  undo: { permission: 'command', secondPerson: false },
  'by-hand': { permission: 'command', secondPerson: true },
  'hand-done': { permission: 'run', secondPerson: false },
  revise: { permission: 'command', secondPerson: false },
}

/** A decision about the run as a whole stands under one name, one about a step under the step's: several may be under way. */
const decisionName = ({ event, stepId }: Pick<Decision, 'event' | 'stepId'>): string =>
  stepId === null || event === 'revise' ? 'decision' : `decision/${stepId}`

export const decisionFacts = (decision: Decision): Facts => ({
  [decisionName(decision)]: decision as unknown as JsonValue,
})
/** The same facts without it. */
export const noDecision = (decision: Decision): Facts => ({ [decisionName(decision)]: null })

/** The latest decision about a step, or (null) about the run as a whole; null when nobody had to decide. */
export const decisionOf = (facts: Facts, stepId: string | null): Decision | null =>
  (facts[stepId === null ? 'decision' : `decision/${stepId}`] ?? null) as unknown as Decision | null

/** All decisions that count. */
export const decisionsOf = (facts: Facts): Decision[] =>
  Object.entries(facts).flatMap(([name, value]) =>
    (name === 'decision' || name.startsWith('decision/')) && value ? [value as unknown as Decision] : [],
  )

/** A step waits for something that may come by itself, for a bounded time that a person may make longer. Store's clock, ms. */
export type Waiting = {
  stepId: string
  /** Since when the step has been in its present state: a later state begins a wait of its own. */
  since: number
  /** How long it waits unasked; each extension adds as much. */
  limitMs: number
  extendedMs: number
}

export const waitingFacts = (waiting: Waiting): Facts => ({ [`waiting/${waiting.stepId}`]: waiting })

/** The wait of this step as it stands now, or null when it does not wait. */
export function waitingOf(facts: Facts, step: { stepId: string; since: number | null }): Waiting | null {
  const kept = (facts[`waiting/${step.stepId}`] ?? null) as Waiting | null
  return kept && kept.since === Math.floor(step.since ?? -1) ? kept : null
}

export const waitEnds = (waiting: Waiting): number => waiting.since + waiting.limitMs + waiting.extendedMs

/** A wait is not made longer than this in all, ms: after it a person decides otherwise. */
export const longestWaitMs = 60 * 60_000
