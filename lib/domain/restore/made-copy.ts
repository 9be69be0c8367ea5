import { type Obligation, withObligation } from '../run/obligation'
import { durationWords } from '../units'
import type { MadeCopy } from './copy'

/** Under this beginning a run's deletions of copies are found. */
export const deletionPrefix = 'delete-'
export const deletionOf = (copyId: string): string => `${deletionPrefix}${copyId}`

const why = (kind: MadeCopy['kind']) =>
  `It costs as much as its source and holds personal data.${kind === 'cluster' ? ' Its instances are deleted first.' : ''}`

/** What a run owes once a copy is there, whatever becomes of the run; undefined when that is known already. */
export function owesDeletion(obligations: Obligation[] | undefined, copy: MadeCopy): Obligation[] | undefined {
  if (obligations?.some(({ id }) => id === deletionOf(copy.id))) return undefined
  return withObligation(
    { obligations },
    {
      id: deletionOf(copy.id),
      title: `Delete ${copy.id} when nobody needs it any more`,
      why: why(copy.kind),
      state: 'open',
      copy,
    },
  )
}

/** The copy is gone: nothing is owed any more. Undefined when nothing was. */
export function deletionMet(obligations: Obligation[] | undefined, copyId: string): Obligation[] | undefined {
  const owed = obligations?.some(({ id, state }) => id === deletionOf(copyId) && state === 'open')
  return owed
    ? obligations?.map((one) => (one.id === deletionOf(copyId) ? { ...one, state: 'met' as const } : one))
    : undefined
}

/** What it has cost so far, in what it is billed by; prices are the account's own. */
export const costWords = ({ instances, instanceClass }: MadeCopy, ageMs: number): string =>
  `${instances === 1 ? '' : `${instances} × `}${instanceClass} for ${durationWords(Math.max(0, ageMs))}, and its storage`
