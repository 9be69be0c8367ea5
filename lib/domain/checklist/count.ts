import { checklistItems } from './items'

/** How a checklist stands. What a person marked is no proof: it is counted apart from what a check verified. */
export interface ChecklistCount {
  /** Verified by a check. */
  passed: number
  /** Marked by a person. */
  marked: number
  of: number
}

/** Counts by the states of the items; an item without a state has not been looked at. */
export function countOf(states: readonly string[]): ChecklistCount {
  const count = (wanted: string) => states.filter((state) => state === wanted).length
  return { passed: count('pass'), marked: count('hand'), of: checklistItems.length }
}

/** How many neither a check nor a person has settled. */
export const openItems = ({ passed, marked, of }: ChecklistCount): number => of - passed - marked

/** "2 marked manually"; empty when none is. */
export const markedWords = ({ marked }: Pick<ChecklistCount, 'marked'>): string =>
  marked > 0 ? `${marked} marked manually` : ''

/** "8 of 10 passed, 2 marked manually". */
export const countWords = (count: ChecklistCount): string =>
  [`${count.passed} of ${count.of} passed`, markedWords(count)].filter(Boolean).join(', ')
