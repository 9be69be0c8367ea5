import type { Revision } from '../contract'
import type { FailoverFacts } from './facts'

/**
 * Besides the usual ways on: what RDS promoted in place of the target becomes the target; or all is counted anew, which
 * needs a new yes too. Source: procedures, section 8, scenario 15.
 */
export function failoverRevisions(facts: FailoverFacts): Revision<FailoverFacts>[] {
  const other = facts.otherWriter
  const target = facts.target?.id ?? ''
  if (other)
    return [
      {
        kind: 'accept',
        subject: other.id,
        label: `Accept ${other.id} as the writer`,
        consequence: `The run continues with ${other.id}${other.host ? ` at ${other.host}` : ''} in place of ${target}. Earlier approvals are void. Data that only ${target} had is lost.`,
        facts: {
          target: other,
          otherWriter: null,
          targetBeat: null,
          acceptedInstead: target,
          adopted: `RDS made ${other.id} the writer, not ${target}; it was accepted.`,
        },
        again: ['approve', 'fail-over'],
      },
    ]
  return facts.acceptedInstead
    ? []
    : [
        {
          kind: 'anew',
          subject: target,
          label: 'Take the baseline again',
          consequence: 'Records the current state and requests a new approval for it.',
          facts: {},
          again: ['baseline', 'approve', 'fail-over'],
        },
      ]
}
