import { digestOf } from '../procedure/canonical'
import { askedFor } from './approval-rule'
import type { Approval, ApprovalKind, Run } from './run'

/**
 * The digest that a passkey signs: this decision on this request of this run, and nothing else. The request's own digest covers
 * the calls; the request's id keeps an older signature over the same calls from being used again.
 */
export const approvalChallenge = (
  run: Pick<Run, 'id' | 'environment' | 'startedBy'>,
  approval: Pick<Approval, 'id' | 'digest' | 'askedForId'>,
  kind: ApprovalKind,
): string =>
  digestOf({
    purpose: 'approval',
    environment: run.environment,
    run: run.id,
    askedFor: askedFor(run, approval),
    approval: approval.id,
    digest: approval.digest,
    kind,
  })
