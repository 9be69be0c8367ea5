import type { Difference, Policy } from '../../lib/domain/reconcile/policy'

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
export const countText = (n: number): string => n.toLocaleString('en-US')
