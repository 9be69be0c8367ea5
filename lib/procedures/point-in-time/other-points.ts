import { durationWords, utcWords } from '../../domain/units'
import type { Revision } from '../contract'
import type { PointFacts } from './facts'

/** How much earlier another point is offered, ms: a minute, ten, an hour. */
const earlierBy = [60_000, 600_000, 3_600_000]

/**
 * Another point, earlier than this one; the copy is kept beside the new one. Nothing is opened yet, so nothing is overwritten.
 */
export function otherPoints(facts: PointFacts): Revision<PointFacts>[] {
  const { restoreAt, copyId, openedAt } = facts
  if (restoreAt === undefined || copyId === undefined || openedAt !== undefined) return []
  return earlierBy.map((ms) => ({
    kind: 'anew',
    subject: new Date(restoreAt - ms).toISOString(),
    label: `Restore to ${durationWords(ms)} earlier`,
    consequence: `Restores to ${utcWords(restoreAt - ms)} into a new copy, with a new approval. ${copyId} is kept for comparison.`,
    facts: {
      otherPoint: restoreAt - ms,
      formerCopies: [...(facts.formerCopies ?? []), copyId],
      validatedAt: null,
      analyzedAt: null,
      findings: [],
      differences: [],
    },
    again: ['choose-point', 'approve', 'restore-copy', ...instanceSteps(facts), ...afterCopy],
  }))
}

/** Each new copy is put to rest and looked at as the first was; steps that the run does not have are left aside. */
const afterCopy = ['compare-copy', 'rest-copy', 'validate-copy', 'analyze-copy']

/** As many as a copy of this run can have; those that the run does not have are left aside. */
const instanceSteps = ({ source }: PointFacts): string[] =>
  source?.kind === 'instance' ? [] : Array.from({ length: 15 }, (_, i) => `create-instance-${i + 1}`)
