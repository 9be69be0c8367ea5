import { durationWords, utcMinute } from '../../domain/units'
import type { Revision } from '../contract'
import type { RestoreFacts } from './facts'

/** So many are offered; the page of the backups has all of them. */
const offered = 3

/**
 * Older backups instead of the one that is not right. Where one was loaded already and does not hold what it must, the copy is kept
 * beside the new one; an instance that nothing was loaded into is used again.
 */
export function otherBackups(facts: RestoreFacts, into: 'same-copy' | 'new-copy'): Revision<RestoreFacts>[] {
  const { others = [], copyId, openedAt, formerCopies = [] } = facts
  if (openedAt !== undefined) return []
  const anew = into === 'new-copy' && copyId !== undefined
  return others.slice(0, offered).map(({ key, takenAt, lossMs }) => ({
    kind: 'anew',
    subject: key,
    label: `Restore from the backup of ${utcMinute(takenAt)}`,
    consequence: `Restores from ${key} and loses ${durationWords(lossMs)} of writes, with a new approval.${anew ? ` ${copyId} is kept for comparison.` : ''}`,
    facts: {
      otherBackup: key,
      validatedAt: null,
      findings: [],
      differences: [],
      ...(anew && { formerCopies: [...formerCopies, copyId] }),
    },
    again: [
      'select-backup',
      'verify-object',
      'approve',
      'provision-copy',
      'load-backup',
      'rest-copy',
      'protect-copy',
      'compare-copy',
      'validate-copy',
      'analyze-copy',
    ],
  }))
}
