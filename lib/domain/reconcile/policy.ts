/*
 * What differs between two copies of a table, and what a policy makes of it. A row's key is one text for all of its columns.
 */

/** Where a row is that is not the same in both: only in the source, only in the target, or in both with other values. */
export const differences = ['source', 'target', 'different'] as const
export type Difference = (typeof differences)[number]

export type TableComparison = {
  table: string
  onlySource: number
  onlyTarget: number
  different: number
  same: number
  /** Of every row that is not the same, by its key and both contents. */
  digest: string
}

/** What is merged of one table. A row that only the target has is deleted only when it is chosen by its key. */
export type Policy =
  | { kind: 'skip' }
  | { kind: 'insert-missing' }
  | { kind: 'take-source' }
  /** These rows become as they are in the source, which may have none of that key. */
  | { kind: 'rows'; keys: string[] }
export const policyKinds = ['skip', 'insert-missing', 'take-source', 'rows'] as const satisfies Policy['kind'][]

/** Most rows that are chosen one by one. */
export const mostChosenRows = 500

export type Effect = { insert: number; update: number; remove: number }

/** Does the policy change this row of the target? */
export function takes(policy: Policy, difference: Difference, key: string): boolean {
  switch (policy.kind) {
    case 'skip':
      return false
    case 'insert-missing':
      return difference === 'source'
    case 'take-source':
      return difference !== 'target'
    case 'rows':
      return policy.keys.includes(key)
  }
}

/** How many rows of the target a policy changes, exactly. `chosen` counts the rows of the policy `rows`. */
export function effectOf(policy: Policy, found: TableComparison, chosen: Record<Difference, number>): Effect {
  switch (policy.kind) {
    case 'skip':
      return { insert: 0, update: 0, remove: 0 }
    case 'insert-missing':
      return { insert: found.onlySource, update: 0, remove: 0 }
    case 'take-source':
      return { insert: found.onlySource, update: found.different, remove: 0 }
    case 'rows':
      return { insert: chosen.source, update: chosen.different, remove: chosen.target }
  }
}

export const changesNothing = ({ insert, update, remove }: Effect): boolean => insert + update + remove === 0
export const formatEffect = ({ insert, update, remove }: Effect): string =>
  changesNothing({ insert, update, remove })
    ? 'no change'
    : [insert > 0 && `${insert} inserted`, update > 0 && `${update} overwritten`, remove > 0 && `${remove} deleted`]
        .filter((part) => part !== false)
        .join(', ')
