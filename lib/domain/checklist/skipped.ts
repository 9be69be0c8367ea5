import type { PersonRef } from '../people/person'
import type { ChecklistKey } from './items'

/** A step that somebody decided to go without, and what of the checklist hangs on it. */
export interface SkippedStep {
  title: string
  by: PersonRef
  reason: string
  serves: readonly ChecklistKey[]
}

/** The skip behind an item that does not hold, the latest first; null when none is, while the item holds all the same, and while it is looked at. */
export function skippedFor(key: string, state: string, steps: readonly SkippedStep[]): SkippedStep | null {
  if (state === 'pass' || state === 'hand' || state === 'running') return null
  return steps.findLast((step) => step.serves.some((served) => served === key)) ?? null
}

/** What an item says, with the decision that explains it first: it is no surprise, and it is still not proved. */
export const saysWithSkip = (says: string, skip: SkippedStep | null): string =>
  skip ? `“${skip.title}” was skipped by ${skip.by.name}: ${skip.reason.replace(/\.?$/, '.')} ${says}` : says
