import { type Difference, type Policy, policyKinds } from '../../lib/domain/reconcile/policy'

export const differenceWords: Record<Difference, string> = {
  source: 'Only in the source',
  target: 'Only in the target',
  different: 'Different',
}
export const policyWords: Record<Policy['kind'], string> = {
  skip: 'Leave the target as it is',
  'insert-missing': 'Insert missing rows, overwrite none',
  'take-source': 'Insert missing and overwrite different rows',
  rows: 'Only rows that I mark',
}
/** Of a table that the target has lost: all of it, or nothing. */
export const droppedWords: { [kind in 'skip' | 'insert-missing']: string } = {
  skip: 'Leave it dropped',
  'insert-missing': 'Create it again with all of its rows',
}
export const choicesOf = (dropped: boolean): readonly Policy['kind'][] =>
  dropped ? ['skip', 'insert-missing'] : policyKinds
export const choiceWords = (kind: Policy['kind'], dropped: boolean): string =>
  dropped && (kind === 'skip' || kind === 'insert-missing') ? droppedWords[kind] : policyWords[kind]
export const countText = (n: number): string => n.toLocaleString('en-US')
